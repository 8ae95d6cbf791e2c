"""Shares of values that are not as in training: verdicts at and around their limits, without false alarms by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring.stats.data_quality import ACT_FROM, ALLOWED, LEVEL, Share, judge, worst


def missing(bad, n, expected=0.0, statistic="missing"):
    return judge(Share("feature.age", statistic, bad, n, expected, 1000), 500)


@pytest.mark.parametrize(
    ("bad", "n", "expected", "verdict", "reason"),
    [
        (0, 5000, 0.0, "ok", "within"),
        (249, 5000, 0.0, "ok", "within"),  # 4.98 %
        (250, 5000, 0.0, "watch", "beyond"),  # 5 %
        (500, 5000, 0.0, "act", "beyond"),  # twice what is allowed
        (5000, 5000, 0.0, "act", "vanished"),
        (5000, 5000, 0.97, "ok", "within"),  # it was nearly always missing
        (5000, 5000, 0.94, "act", "vanished"),
        (2000, 5000, 0.40, "ok", "within"),
        (2300, 5000, 0.40, "watch", "beyond"),
        (499, 499, 0.0, "not_enough", "few"),
        (0, 0, 0.0, "not_enough", "none"),
    ],
)
def test_missing_values_are_held_against_those_of_training(bad, n, expected, verdict, reason):
    found = missing(bad, n, expected)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_a_change_of_type_needs_few_rows():
    assert missing(30, 30, statistic="type_change").verdict == "act"
    assert missing(29, 29, statistic="type_change").verdict == "not_enough"
    assert missing(1, 1000, statistic="type_change").verdict == "ok"


def test_the_interval_is_that_of_wilson_and_the_ratio_the_excess():
    found = missing(400, 5000, 0.02)
    oracle = stats.binomtest(400, 5000).proportion_ci(LEVEL, "wilson")
    assert found.low == pytest.approx(oracle.low)
    assert found.high == pytest.approx(oracle.high)
    assert found.ratio == pytest.approx((0.08 - 0.02) / ALLOWED["missing"])
    assert found.threshold == pytest.approx(0.07)
    assert ACT_FROM == 2


def test_what_may_be_chance_does_not_alarm():
    found = judge(Share("x", "missing", 6, 20, 0.2), 10, allowed=0.05)
    assert (found.verdict, found.reason) == ("ok", "chance")
    rng = np.random.default_rng(7)
    counts = rng.binomial(500, 0.3, 4000)
    alarms = sum(missing(int(bad), 500, 0.3).verdict in ("watch", "act") for bad in counts)
    assert alarms / 4000 <= 0.01


def test_a_broken_share_is_found():
    rng = np.random.default_rng(8)
    counts = rng.binomial(5000, 0.02 + 2 * ALLOWED["missing"], 500)
    assert sum(missing(int(bad), 5000, 0.02).verdict in ("watch", "act") for bad in counts) >= 475


def test_the_worst_verdict_is_of_what_was_judged():
    assert worst(["ok", "not_enough", "watch"]) == "watch"
    assert worst(["ok", "act", "watch"]) == "act"
    assert worst(["not_enough", "ok"]) == "ok"
    assert worst(["not_enough"]) == worst([]) == "not_enough"

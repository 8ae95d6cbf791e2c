"""Out of the ordinary for its own series, by season where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.stats.anomaly import anomaly

RNG = np.random.default_rng(0)


def test_the_score_is_that_of_median_and_mad() -> None:
    past = RNG.normal(100, 5, 200)
    middle = np.median(past)
    scale = 1.4826 * np.median(np.abs(past - middle))
    found = anomaly(past, 112.0)
    assert found.z == pytest.approx((112 - middle) / scale)
    assert (found.expected, found.low) == (pytest.approx(middle), pytest.approx(middle - 4 * scale))
    assert [anomaly(past, value).verdict for value in (104, 125, 60)] == ["ok", "watch", "act"]


def test_outliers_of_the_past_do_not_hide_one() -> None:
    past = RNG.normal(100, 5, 200)
    past[:20] = 1e6
    assert anomaly(past, 160).verdict == "act"


def test_a_season_explains_its_hours() -> None:
    hours = np.arange(24 * 7)
    past = 100 + 80 * np.sin(hours * np.pi / 12) + RNG.normal(0, 3, len(hours))
    night = 100 + 80 * np.sin(len(hours) * np.pi / 12)
    assert anomaly(past, night, season=24).verdict == "ok"
    wrong_hour = anomaly(past, 175, season=24)
    assert (wrong_hour.verdict, wrong_hour.seasonal) == ("act", True)
    assert anomaly(past, 175).verdict == "ok"
    assert not anomaly(past[:72], 100, season=24).seasonal


def test_a_constant_series_does_not_cry_at_the_last_digit() -> None:
    assert anomaly([50.0] * 40, 50.1).verdict == "ok"
    assert anomaly([50.0] * 40, 60).verdict == "act"
    assert anomaly([0.0] * 40, 0.0).z == 0
    assert anomaly([0.0] * 40, 0.01).verdict == "act"
    assert anomaly([0.0] * 40, 0.01, least_scale=0.005).verdict == "ok"
    assert anomaly([0.0] * 39 + [10.0], 1.0).verdict == "ok"


def test_gaps_and_too_little() -> None:
    past = RNG.normal(10, 1, 100)
    past[::2] = np.nan
    assert anomaly(past, 10).n == 50
    assert anomaly(past[:40], 10).verdict == anomaly(past, float("nan")).verdict == "not_enough"
    assert anomaly([], 1.0).verdict == "not_enough"


def test_ordinary_values_rarely_alarm() -> None:
    draws = RNG.normal(0, 1, (2000, 101))
    alarms = sum(anomaly(row[:100], row[100], least_scale=0.0).verdict != "ok" for row in draws)
    seasonal = sum(anomaly(row[:100], row[100], season=10, least_scale=0.0).verdict != "ok" for row in draws[:400])
    assert alarms <= 10
    assert seasonal <= 4


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="2 points or more"):
        anomaly([1.0] * 40, 1.0, season=1)
    with pytest.raises(ValueError, match="a vector"):
        anomaly([[1.0]], 1.0)

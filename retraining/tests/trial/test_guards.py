"""Guard-rails: shown to hold, broken, unclear, or not enough; and not broken by chance."""

from __future__ import annotations

import numpy as np
import pytest

from retraining.trial.guards import DEFAULTS, Guard, judge
from retraining.trial.sums import Sums

QUALITY, ERRORS, SLOW = DEFAULTS


def requests(rng: np.random.Generator, users: int, rate: float) -> Sums:
    asked = 1 + rng.poisson(4, users)
    return Sums.of(rng.binomial(asked, rate), asked)


def lists(rng: np.random.Generator, users: int, mean: float) -> Sums:
    return Sums.of(rng.beta(4 * mean, 4 * (1 - mean), users))


def test_many_errors_are_a_breach_and_few_are_shown_to_be_fine() -> None:
    rng = np.random.default_rng(0)
    control = requests(rng, 8000, 0.002)
    assert judge(ERRORS, control, requests(rng, 400, 0.10)).state == "breach"
    fine = judge(ERRORS, control, requests(rng, 2000, 0.002))
    assert fine.state == "ok"
    assert fine.high < fine.margin == 0.01
    assert fine.sentence.endswith("not worse by 0.01 or more.")
    assert judge(ERRORS, control, requests(rng, 99, 0.9)).state == "not_enough"


def test_no_error_among_few_requests_is_not_yet_fine() -> None:
    control, variant = Sums.of(np.zeros(8000), np.ones(8000)), Sums.of(np.zeros(150), np.ones(150))
    assert judge(ERRORS, control, variant).state == "unclear"
    assert judge(ERRORS, control, Sums.of(np.zeros(2000), np.ones(2000))).state == "ok"


def test_quality_is_guarded_by_a_share_of_the_controls() -> None:
    rng = np.random.default_rng(1)
    control = lists(rng, 20_000, 0.4)
    worse, same, better = (judge(QUALITY, control, lists(rng, 20_000, mean)) for mean in (0.36, 0.4, 0.44))
    assert [worse.state, same.state, better.state] == ["breach", "ok", "ok"]
    assert worse.margin == pytest.approx(0.05 * control.value)
    assert worse.harm == pytest.approx(control.value - worse.variant)
    assert judge(QUALITY, control, lists(rng, 300, 0.39)).state == "unclear"


def test_harm_within_the_margin_is_no_breach() -> None:
    guard = Guard("latency", "Milliseconds", "mean", "above", 20.0)
    rng = np.random.default_rng(2)
    control, slower = Sums.of(rng.gamma(4, 10, 20_000)), Sums.of(rng.gamma(4, 11, 20_000))
    found = judge(guard, control, slower)
    assert found.low > 0
    assert found.state == "ok"


@pytest.mark.parametrize("guard", [ERRORS, QUALITY])
def test_without_harm_a_breach_is_rarely_seen_however_often_one_looks(guard: Guard) -> None:
    breached = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        draw = requests if guard is ERRORS else lists
        control = variant = Sums.of([])
        for _ in range(40):
            control, variant = control + draw(rng, 190, 0.02), variant + draw(rng, 10, 0.02)
            if judge(guard, control, variant).state == "breach":
                breached += 1
                break
    assert breached / 100 <= 0.05


def test_a_guard_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"slow.margin: a number at least 0"):
        Guard("slow", "Slow", margin=-0.1)
    with pytest.raises(ValueError, match=r"slow.least_users: a number at least 2"):
        Guard("slow", "Slow", least_users=1)

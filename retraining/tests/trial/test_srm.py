"""A split that is broken is flagged, one that is not is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from retraining.trial import srm
from retraining.trial.srm import sample_ratio

EVEN = {"a": 0.5, "b": 0.5}


def test_the_fixture_is_flagged() -> None:
    """Kohavi, Tang & Xu, Trustworthy Online Controlled Experiments (2020), ch. 3: 821,588 and 815,482 users."""
    found = sample_ratio({"a": 821_588, "b": 815_482}, EVEN)
    assert found.alarm
    assert found.p_value == pytest.approx(1.8e-6, rel=0.1)
    assert found.sentence.startswith("Users are not split as planned (a 821,588 of 818,535, b 815,482 of 818,535)")
    assert sample_ratio({"a": 821_588, "b": 815_482}, EVEN, one_look=True).alarm
    assert sample_ratio({"a": 400, "b": 600}, EVEN).alarm
    assert sample_ratio({"a": 1000, "b": 19_500, "c": 1200}, {"a": 5, "b": 90, "c": 5}).alarm


def test_the_statistic_is_scipys() -> None:
    counts, shares = {"a": 530, "b": 260, "c": 210}, {"a": 2.0, "b": 1.0, "c": 1.0}
    expected = stats.chisquare([530, 260, 210], [500, 250, 250])
    found = sample_ratio(counts, shares)
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_e_is_the_likelihood_ratio_averaged_over_splits() -> None:
    a, b, concentration, share = 60, 90, 100.0, 0.5

    def ratio(p: float) -> float:
        log = a * np.log(p / share) + b * np.log((1 - p) / (1 - share))
        return float(np.exp(log) * stats.beta.pdf(p, concentration * share, concentration * (1 - share)))

    e = integrate.quad(ratio, 0, 1, points=[0.3, 0.45, 0.6])[0]
    found = srm._log_e({"a": a, "b": b}, EVEN, concentration)
    assert found == pytest.approx(np.log(e), rel=1e-6)


@pytest.mark.parametrize("shares", [EVEN, {"a": 0.95, "b": 0.05}])
def test_a_good_split_looked_at_all_the_time_is_left_alone(shares: dict[str, float]) -> None:
    rng, once, ever = np.random.default_rng(0), 0, 0
    for _ in range(100):
        b = np.cumsum(rng.random(20_000) < shares["b"])
        looks = [
            sample_ratio({"a": n - int(b[n - 1]), "b": int(b[n - 1])}, shares, 0.05) for n in range(500, 20_001, 500)
        ]
        ever += any(look.alarm for look in looks)
        once += looks[-1].p_value < 0.05
    assert ever / 100 <= 0.05
    assert once / 100 == pytest.approx(0.05, abs=0.06)


def test_a_leak_of_five_per_cent_of_one_arm_is_found() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        n = 40_000
        assert sample_ratio({"a": n - 20_000, "b": rng.binomial(20_000, 0.95)}, EVEN).alarm


def test_too_few_users_are_not_judged() -> None:
    found = sample_ratio({"a": 0, "b": 8}, EVEN)
    assert (found.alarm, found.p_value) == (False, None)
    assert "too few" in found.sentence
    assert sample_ratio({"a": 0, "b": 0}, EVEN).users == 0
    assert sample_ratio({"a": 10**9, "b": 0}, EVEN).always_valid_p == 0.0


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="counts: one for each of a, b is accepted, got a"):
        sample_ratio({"a": 3}, EVEN)
    with pytest.raises(ValueError, match=r"shares.b: a number above 0"):
        sample_ratio({"a": 1, "b": 1}, {"a": 1.0, "b": 0.0})
    with pytest.raises(ValueError, match=r"counts.a: a number at least 0"):
        sample_ratio({"a": -1, "b": 1}, EVEN)

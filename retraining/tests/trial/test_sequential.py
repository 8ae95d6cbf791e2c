"""The always-valid test is the mixture it claims to be, and may be read after every user."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from retraining.tests.trial.simulated import DRAWS, bounds, bounds_cached, conversions, found, share, watched
from retraining.trial.sequential import always_valid_p, compare, multiplier, precision
from retraining.trial.sums import Sums


@pytest.mark.parametrize(("z", "t", "rho"), [(2.5, 40.0, 10.0), (4.0, 1000.0, 200.0), (6.0, 5.0, 300.0)])
def test_e_is_the_likelihood_ratio_averaged_over_normal_effects(z: float, t: float, rho: float) -> None:
    """By quadrature: effects θ ~ N(0, 1 / ρ), the difference ~ N(θ, 1 / t)."""
    difference = z / math.sqrt(t)

    def ratio(theta: float) -> float:
        log = t * theta * difference - t * theta**2 / 2
        return math.exp(log) * float(stats.norm.pdf(theta, 0, 1 / math.sqrt(rho)))

    peak = t * difference / (t + rho)
    e = integrate.quad(ratio, peak - 12 / math.sqrt(t), peak + 12 / math.sqrt(t), limit=200)[0]
    assert always_valid_p(z, t, rho) == pytest.approx(min(1.0, 1 / e), rel=1e-6)


def test_the_interval_ends_where_the_p_value_is_alpha() -> None:
    for t, rho, alpha in ((10.0, 50.0, 0.05), (5000.0, 50.0, 0.05), (300.0, 2.0, 0.001)):
        assert always_valid_p(multiplier(t, rho, alpha), t, rho) == pytest.approx(alpha)


def test_it_is_tightest_where_it_was_planned() -> None:
    for t, alpha in ((2500.0, 0.05), (100.0, 0.01)):
        best = optimize.minimize_scalar(lambda log, t=t, a=alpha: multiplier(t, math.exp(log), a), (0, math.log(t)))
        assert precision(t, alpha) == pytest.approx(math.exp(best.x), rel=1e-3)
    assert multiplier(2500.0, precision(2500.0, 0.05), 0.05) == pytest.approx(2.94, abs=0.1)


@pytest.mark.parametrize("name", DRAWS)
def test_read_after_every_user_it_finds_nothing_where_there_is_nothing(name: str) -> None:
    wrong = found(DRAWS[name], 1500, 200)
    assert share(wrong["sequential"]) <= 0.05
    assert share(found(DRAWS[name], 4000, 20, lift=0.6)["sequential"]) > 0.7


def test_sums_give_what_the_simulation_has_after_any_user() -> None:
    rng = np.random.default_rng(5)
    z, t, counts = watched(rng, conversions, 1200, 0.3)
    again = np.random.default_rng(5)
    arm = again.random(1200) < 0.5
    x = conversions(again, 1200)[0]
    x = np.where(arm, conversions(again, 1200, 0.3)[0], x)
    for place in (0, 300, len(z) - 1):
        seen = slice(0, int(counts[place]))
        sums = [Sums.of(x[seen][mine]) for mine in (~arm[seen], arm[seen])]
        found_ = compare(sums[0], {"b": sums[1]}, planned_users=1200)["b"]
        error = math.sqrt(sums[0].variance() + sums[1].variance())
        assert abs(found_.value or 0) / error == pytest.approx(z[place])
        assert (found_.high - found_.low) / 2 / error == pytest.approx(bounds(t[[place]], 1200)[0])
    assert bounds_cached(t, 1200) == pytest.approx(bounds(t, 1200), rel=1e-4)


def test_intervals_hold_after_every_user_at_once() -> None:
    """Coverage of the true difference, 0.05 here, at all times of a trial together."""
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = [(rng.random(1000) < share_).astype(float) for share_ in (0.3, 0.35)]
        steps = range(100, 1001, 25)
        for n in steps:
            sums = [Sums.of(one[:n]) for one in x]
            one = compare(sums[0], {"b": sums[1]}, "share", planned_users=2000)["b"]
            if not one.low <= 0.05 <= one.high:
                missed += 1
                break
    assert missed / 200 <= 0.05


def test_too_few_users_or_no_variance_say_nothing() -> None:
    few, many = Sums.yes_or_no(99, 9), Sums.yes_or_no(500, 60)
    assert compare(few, {"b": many})["b"].p_value is None
    assert compare(Sums.mean(200, 0, 0), {"b": Sums.mean(200, 0, 0)})["b"].p_value is None
    assert compare(Sums.yes_or_no(200, 0), {"b": Sums.yes_or_no(200, 0)}, "share")["b"].p_value == 1.0
    with pytest.raises(ValueError, match="alpha: a number above 0"):
        compare(many, {"b": many}, alpha=0)


def test_several_variants_share_alpha() -> None:
    control, better = Sums.yes_or_no(2000, 200), Sums.yes_or_no(2000, 290)
    alone = compare(control, {"b": better})["b"]
    both = compare(control, {"b": better, "c": control})["b"]
    assert alone.low < alone.value
    assert both.high - both.low > alone.high - alone.low
    assert both.p_value > alone.p_value
    assert both.level == 0.975

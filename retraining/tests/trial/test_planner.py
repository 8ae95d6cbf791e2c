"""Sizes are statsmodels', each question is the inverse of the others, and simulated trials have the power."""

from __future__ import annotations

import pytest

from retraining.tests.trial.simulated import conversions, found, share
from retraining.trial.planner import Design, days, least_effect, least_effect_in, power_of, sample_size

STATSMODELS = [  # 0.15.0, zt_ind_solve_power(effect, alpha, power, ratio) = users of the control
    (0.1, 0.05, 0.8, 1, 1569.7721019023288),
    (0.05, 0.01, 0.9, 1, 11903.509732571678),
    (0.1, 0.05, 0.8, 3, 1046.5147346542662),
]


@pytest.mark.parametrize(("effect", "alpha", "power", "ratio", "expected"), STATSMODELS)
def test_sizes_as_statsmodels_has_them(
    effect: float, alpha: float, power: float, ratio: float, expected: float
) -> None:
    size = sample_size(Design(1.0, control_share=1 / (1 + ratio), alpha=alpha, power=power), effect)
    assert size.control == pytest.approx(expected, abs=1.001)
    assert size.variant == pytest.approx(ratio * expected, abs=1.001)
    assert size.total == size.control + size.variant


def test_power_as_statsmodels_has_it() -> None:
    assert power_of(Design(1.0), 0.08, 2000) == pytest.approx(0.4321576275945625, abs=1e-4)


@pytest.mark.parametrize("method", ["fixed", "sequential"])
@pytest.mark.parametrize("variants", [1, 3])
def test_both_ways_agree(method: str, variants: int) -> None:
    design = Design(0.3, variants, 0.4, 0.05, 0.9, method)  # type: ignore[arg-type]
    size = sample_size(design, 0.01)
    assert least_effect(design, size.total) == pytest.approx(0.01, rel=1e-3)
    assert power_of(design, 0.01, size.total) == pytest.approx(0.9, abs=1e-3)
    assert power_of(design, 0.01, size.total / 2) < 0.9


def test_always_valid_costs_users_and_variants_do_too() -> None:
    fixed, sequential = (sample_size(Design(1.0, method=method), 0.1).total for method in ("fixed", "sequential"))
    assert 1.5 < sequential / fixed < 2.2
    assert sample_size(Design(1.0, variants=3, control_share=0.25), 0.1).total > 2 * fixed


@pytest.mark.parametrize(("method", "key"), [("fixed", "fixed"), ("sequential", "sequential")])
def test_simulated_trials_have_the_power_that_was_planned(method: str, key: str) -> None:
    design = Design.of_share(0.1, method=method)  # type: ignore[arg-type]
    users = sample_size(design, 0.04).total
    had = share(found(conversions, users, 100, lift=0.4)[key])
    assert had >= 0.8 - 0.12  # the variant's own share scatters more: 0.14 against the control's 0.10
    assert had <= 1.0


def test_duration_from_traffic() -> None:
    assert days(10_000, 500) == 20
    assert days(10_001, 500) == 21
    assert days(10_000, 500, 0.5) == 40
    assert least_effect_in(Design(1.0), 20, 500) == pytest.approx(least_effect(Design(1.0), 10_000))


def test_what_cannot_be_planned_is_refused() -> None:
    for wrong, words in (
        (lambda: sample_size(Design(1.0), 0.0), "effect: a number above 0"),
        (lambda: sample_size(Design(1.0), 1e-9), "effect: one that 1e"),
        (lambda: days(100, 0), "new_users_a_day: a number above 0"),
        (lambda: days(100, 1, 1.5), "traffic_share: a number above 0 and at most 1"),
        (lambda: Design(0.0), "scatter: a number above 0"),
        (lambda: Design(1.0, power=0.3), "power: a number at least 0.5"),
        (lambda: Design.of_share(0.0), "share: a number above 0"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert sample_size(Design(1.0), 100.0).total >= 2

"""Fixed-horizon tests are SciPy's and statsmodels', and find nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from retraining.tests.trial.simulated import DRAWS, found, share
from retraining.trial.fixed import compare, holm, shares, welch
from retraining.trial.sums import Sums


def test_means_as_scipy_has_them() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 1, 200), rng.normal(1.2, 2, 150)
    found_ = welch(Sums.of(x), Sums.of(y))
    expected = stats.ttest_ind(y, x, equal_var=False)
    ends = expected.confidence_interval()
    assert (found_.value, found_.p_value) == pytest.approx((y.mean() - x.mean(), expected.pvalue))
    assert (found_.low, found_.high) == pytest.approx((ends.low, ends.high))
    assert found_.lift == pytest.approx(y.mean() / x.mean() - 1)


STATSMODELS = [  # 0.15.0: (control, of, variant, of), proportions_ztest, confint_proportions_2indep(method="newcomb")
    (120, 1000, 156, 1020, 0.031146374594877187, 0.0029595414147829437, 0.06288612356651398),
    (3, 40, 9, 50, 0.1453682902254159, -0.04352743831654547, 0.2420802514047724),
]


@pytest.mark.parametrize(("a", "n", "b", "m", "p_value", "low", "high"), STATSMODELS)
def test_shares_as_statsmodels_has_them(
    a: int, n: int, b: int, m: int, p_value: float, low: float, high: float
) -> None:
    found_ = shares(Sums.yes_or_no(n, a), Sums.yes_or_no(m, b))
    assert (found_.p_value, found_.low, found_.high) == pytest.approx((p_value, low, high))


def test_rare_shares_are_tested_exactly() -> None:
    found_ = shares(Sums.yes_or_no(30, 0), Sums.yes_or_no(30, 5))
    assert found_.p_value == pytest.approx(stats.fisher_exact([[0, 30], [5, 25]])[1])
    assert (found_.low, found_.high) == pytest.approx((0.019729903514814295, 0.33564350506416035))


def test_a_ratio_is_that_of_its_linearised_users() -> None:
    rng = np.random.default_rng(3)
    arms = [(rng.binomial(8, 0.3, 400).astype(float), 8 + rng.poisson(2, 400).astype(float)) for _ in range(2)]
    linear = [(x - x.sum() / y.sum() * y) / y.mean() for x, y in arms]
    values = [x.sum() / y.sum() for x, y in arms]
    error = np.sqrt(sum(one.var(ddof=1) / 400 for one in linear))
    found_ = welch(Sums.of(*arms[0]), Sums.of(*arms[1]))
    assert found_.value == pytest.approx(values[1] - values[0])
    assert found_.p_value == pytest.approx(2 * stats.norm.sf(abs(values[1] - values[0]) / error), abs=1e-3)


def test_holm_as_statsmodels_has_it() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.2], 4) == pytest.approx([0.8])


def test_several_variants_are_adjusted_for_their_number() -> None:
    rng = np.random.default_rng(2)
    control = Sums.of(rng.normal(0, 1, 500))
    variants = {name: Sums.of(rng.normal(shift, 1, 500)) for name, shift in (("b", 0.3), ("c", 0.0), ("d", 0.1))}
    found_ = compare(control, variants | {"e": Sums.of([])})
    alone = {name: welch(control, one, 1 - 0.05 / 4) for name, one in variants.items()}
    for name in variants:
        assert (found_[name].low, found_[name].high) == (alone[name].low, alone[name].high)
        assert found_[name].p_value >= alone[name].p_value
    assert found_["b"].p_value == pytest.approx(4 * alone["b"].p_value)
    assert found_["e"].p_value is None


def test_nothing_to_say_is_said() -> None:
    empty, constant, one = Sums.of([]), Sums.of([2.0] * 50), Sums.of([1.0])
    for control, variant in ((empty, constant), (constant, constant), (one, constant), (empty, empty)):
        found_ = welch(control, variant)
        assert (found_.value, found_.low, found_.p_value, found_.significant(0.05)) == (None, None, None, False)
    assert welch(empty, constant).control is None
    assert shares(empty, Sums.yes_or_no(3, 1)).p_value is None
    assert compare(constant, {}) == {}


@pytest.mark.parametrize("name", DRAWS)
def test_without_a_difference_one_in_twenty_is_found_and_peeking_finds_more(name: str) -> None:
    wrong = found(DRAWS[name], 1500, 200)
    assert share(wrong["fixed"]) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert share(wrong["fixed, peeking"]) > 0.2

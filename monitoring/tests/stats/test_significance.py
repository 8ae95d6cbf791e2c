"""Tests are SciPy's, rare bins are pooled alike for both samples, many tests are corrected."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring.stats import significance


def test_ks_p_value_is_scipys() -> None:
    rng = np.random.default_rng(0)
    for n, m, shift in ((50, 70, 0.5), (500, 600, 0.0), (3000, 400, 0.1)):
        found = stats.ks_2samp(rng.normal(0, 1, n), rng.normal(shift, 1, m), method="asymp")
        assert significance.ks_p_value(found.statistic, n, m) == pytest.approx(found.pvalue, abs=1e-9)
    assert significance.ks_p_value(0.5, 0, 10) == significance.ks_p_value(1.0, 1, 1) == 1
    assert significance.ks_p_value(float("nan"), 10, 10) == 1


def test_chi_square_is_scipys_without_pooling() -> None:
    one, two = np.array([10, 3, 0, 80, 0]), np.array([30, 9, 2, 120, 0])
    expected = stats.chi2_contingency([one[:4], two[:4]], correction=False)
    found = significance.chi_square(one, two, 0)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert (found.p_value, found.dof) == (pytest.approx(expected.pvalue, abs=1e-9), expected.dof)


def test_rare_bins_are_pooled() -> None:
    one, two = significance.pooled([100, 1, 2, 3, 0], [90, 4, 2, 0, 0])
    assert (one.tolist(), two.tolist()) == ([100, 6], [90, 6])
    joined = significance.pooled([100, 50, 1], [90, 60, 0])
    assert [part.tolist() for part in joined] == [[100, 51], [90, 60]]
    unseen = significance.pooled([100, 20, 3, 0], [90, 20, 4, 30], unseen=3)
    assert [part.tolist() for part in unseen] == [[100, 20, 3], [90, 20, 34]]
    assert significance.chi_square([2, 1], [1, 1]) == (0.0, 1.0, 0)


def test_unseen_values_of_an_unmoved_long_tail_are_no_drift() -> None:
    """Rare values of the reference have bins and those of the window are unseen: together they balance."""
    shares = 1 / np.arange(1, 3001)
    shares /= shares.sum()
    rng, alarms = np.random.default_rng(5), 0
    for _ in range(200):
        one, two = (rng.multinomial(800, shares) for _ in range(2))
        known = one > 0
        few = significance.pooled(
            np.append(one[known], 0), np.append(two[known], two[~known].sum()), unseen=known.sum()
        )
        alarms += significance.chi_square(*few, 0).p_value < 0.05
    assert alarms <= 20


def test_shares_are_tested_exactly_where_they_are_rare() -> None:
    exact = stats.fisher_exact([[0, 1000], [4, 496]])[1]
    assert significance.share_p_value(0, 1000, 4, 500) == pytest.approx(exact, abs=1e-12)
    common = stats.chi2_contingency([[50, 950], [90, 910]], correction=False).pvalue
    assert significance.share_p_value(50, 1000, 90, 1000) == pytest.approx(common, abs=1e-9)
    assert significance.share_p_value(0, 0, 1, 5) == 1


def test_dependent_rows_count_for_fewer() -> None:
    alone, of_ten = (significance.chi_square([50, 950], [90, 910], 0, effect).p_value for effect in (1, 10))
    assert of_ten > 0.1 > 0.001 > alone
    assert significance.ks_p_value(0.1, 1000, 1000, 10) == pytest.approx(significance.ks_p_value(0.1, 100, 100))


def test_benjamini_hochberg_is_scipys_in_any_order() -> None:
    p = np.random.default_rng(1).random(40) ** 3
    assert significance.benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)
    assert significance.benjamini_hochberg([]).tolist() == []
    with pytest.raises(ValueError, match="from 0 to 1"):
        significance.benjamini_hochberg([0.1, 1.5])

"""Spearman's rho against SciPy's, also with ties; its interval by its coverage on data of known correlation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.learning.summaries.rank_correlation import FEWEST, rank_correlation, ranks

pairs = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=FEWEST, max_size=40)


@given(pairs)
def test_it_is_scipys_also_where_values_are_tied(found):
    xs, ys = [float(x) for x, _ in found], [float(y) for _, y in found]
    ours = rank_correlation(xs, ys)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        assert ours.rho is None
        assert "never changes" in ours.why_not
    else:
        assert ours.rho == pytest.approx(stats.spearmanr(xs, ys).statistic, abs=1e-9)
        assert ours.low <= ours.rho <= ours.high
    assert ranks(np.array(xs)).tolist() == stats.rankdata(xs).tolist()


def test_a_rising_curve_is_one_whatever_its_shape():
    xs = [float(x) for x in range(1, 20)]
    assert rank_correlation(xs, [math.exp(x) for x in xs]).rho == pytest.approx(1)
    assert rank_correlation(xs, [-(x**3) for x in xs]).rho == pytest.approx(-1)


def test_few_pairs_are_not_enough_and_say_so():
    found = rank_correlation([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0])
    assert (found.rho, found.count) == (None, 4)
    assert "4 of 5" in found.why_not


def test_the_interval_holds_the_true_value_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    r, rounds = 0.5, 1000
    true = 6 / math.pi * math.asin(r / 2)  # Spearman's rho of a bivariate normal
    inside = 0
    for sample in rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=(rounds, 40)):
        found = rank_correlation(sample[:, 0], sample[:, 1])
        inside += found.low <= true <= found.high
    assert 0.93 <= inside / rounds <= 0.97


@pytest.mark.parametrize(("xs", "ys"), [([1.0], [1.0, 2.0]), ([1.0, math.nan], [1.0, 2.0]), ([math.inf], [0.0])])
def test_what_is_no_pair_of_numbers_is_refused(xs, ys):
    with pytest.raises(ValueError, match="accepted"):
        rank_correlation(xs, ys)

"""Mean, deviation and interval over repeated runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.learning.comparison.seeds import OverSeeds, over_seeds


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_agrees_with_scipy(values):
    found = over_seeds(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    if np.std(values) > 1e-9:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert (found.low, found.high) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_one_seed_has_no_deviation():
    assert over_seeds([0.5]) == OverSeeds(1, 0.5, None, None, None)
    assert over_seeds([0.5]).words == "one seed"


def test_equal_values_have_a_deviation_of_zero():
    found = over_seeds([0.1] * 7)
    assert (found.mean, found.deviation, found.low, found.high) == (0.1, 0.0, 0.1, 0.1)
    assert found.words == "7 seeds"


def test_runs_without_the_value_are_left_out_and_counted():
    found = over_seeds([0.2, None, math.nan, 0.4])
    assert (found.count, found.left_out) == (2, 2)
    assert found.mean == pytest.approx(0.3)
    assert over_seeds([None]) == OverSeeds(0, None, None, None, None, 1)
    assert over_seeds([]).words == "no value"


def test_infinity_and_odd_confidence_are_refused():
    with pytest.raises(ValueError, match="infinite"):
        over_seeds([1.0, math.inf])
    with pytest.raises(ValueError, match="confidence is 95"):
        over_seeds([1.0], confidence=95)

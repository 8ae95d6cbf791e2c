"""The t-interval from count, mean and deviation, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.learning.summaries.mean_interval import mean_interval


@pytest.mark.parametrize("count", [2, 3, 10, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_it_is_scipys(count, confidence):
    values = np.random.default_rng(count).normal(3, 2, count)
    deviation = float(np.std(values, ddof=1))
    wanted = stats.t.interval(confidence, count - 1, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(count, float(values.mean()), deviation, confidence) == pytest.approx(wanted)


def test_one_value_says_nothing_of_its_spread():
    assert mean_interval(1, 0.5, None) is None
    assert mean_interval(0, 0.0, None) is None


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval(4, 0.5, 0.0) == (0.5, 0.5)


def test_a_confidence_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="accepted"):
        mean_interval(3, 0.0, 1.0, 95)

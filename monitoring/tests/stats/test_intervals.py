"""Intervals from sums are SciPy's, or keep their word in simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from monitoring.stats.intervals import mean_interval, ratio_interval, wilson


def test_of_a_mean_as_student_has_it() -> None:
    values = np.random.default_rng(0).random(40)
    found = mean_interval(40, values.sum(), (values**2).sum(), 0.9)
    expected = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    assert found == pytest.approx((values.mean(), *expected))
    assert mean_interval(1, 3.0, 9.0) == (3.0, -math.inf, math.inf)
    assert np.isnan(mean_interval(0, 0, 0)).all()
    assert mean_interval(4, 2.0, 1.0) == (0.5, 0.5, 0.5)


def test_of_a_share_as_wilson_has_it() -> None:
    for hits, n in ((0, 10), (3, 10), (10, 10), (400, 1000)):
        expected = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
        assert wilson(hits, n) == pytest.approx((hits / n, expected.low, expected.high))
    assert np.isnan(wilson(0, 0)).all()
    with pytest.raises(ValueError, match="0 to 5"):
        wilson(6, 5)


def test_of_a_ratio_covers_what_it_says() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(1000):
        y = rng.poisson(8, 200) + 1.0
        x = rng.binomial(y.astype(int), rng.beta(2, 6, 200))
        found = ratio_interval(200, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum())
        covered += found.low <= 0.25 <= found.high
    assert covered / 1000 == pytest.approx(0.95, abs=0.025)
    assert np.isnan(ratio_interval(3, 1, 0, 1, 0, 0)).all()
    assert ratio_interval(1, 1, 2, 1, 4, 2) == (0.5, -math.inf, math.inf)


def test_a_level_is_a_probability() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, 95)

"""Calibration: predicted against actual rating in equal bins of the scale."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.metrics.calibration import calibration


def test_bins_hold_means_and_counts():
    found = calibration(np.array([1.0, 1.2, 4.9, 5.0]), np.array([1.0, 3.0, 5.0, 4.0]), (1.0, 5.0), 4)
    assert found["edges"] == [1, 2, 3, 4, 5]
    assert found["count"] == [2, 0, 0, 2]
    assert found["predicted"] == [pytest.approx(1.1), None, None, pytest.approx(4.95)]
    assert found["actual"] == [2.0, None, None, 4.5]
    assert found["error"] == pytest.approx((0.9 * 2 + 0.45 * 2) / 4)


def test_a_prediction_on_an_edge_belongs_to_the_upper_bin():
    found = calibration(np.array([2.0, 3.0]), np.array([2.0, 3.0]), (1.0, 5.0), 4)
    assert found["count"] == [0, 1, 1, 0]


def test_a_model_that_is_right_has_no_error():
    generator = np.random.default_rng(0)
    ratings = generator.integers(1, 6, 500).astype(float)
    found = calibration(ratings, ratings, (1.0, 5.0))
    assert found["error"] == 0.0
    assert sum(found["count"]) == 500


def test_nothing_predicted_gives_nothing():
    assert calibration(np.empty(0), np.empty(0), (1.0, 5.0)) == {}

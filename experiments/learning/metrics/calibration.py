"""Calibration: where a model predicts 4.2, do people rate 4.2 on average?

Equal-width bins of the rating scale by prediction; per bin the mean prediction and the mean rating. Source: the
reliability diagram, DeGroot, Fienberg, The comparison and evaluation of forecasters, The Statistician 32, 1983.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.learning.metrics.arrays import Floats


def calibration(predicted: Floats, actual: Floats, scale: tuple[float, float], bins: int = 10) -> dict[str, Any]:
    """Bins as JSON-able lists, each of length ``bins`` (``edges`` one more); None where a bin is empty.

    Args:
        predicted: predictions clipped to the scale, shape (n,).
        actual: ratings, shape (n,).

    Returns: edges, count, predicted (mean), actual (mean), and ``error``, the mean of |predicted - actual| over the
        bins weighted by count (expected calibration error, in rating points); {} for no ratings.
    """
    if len(predicted) == 0:
        return {}
    low, high = scale
    edges = np.linspace(low, high, bins + 1)
    place = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    mean_predicted = np.bincount(place, predicted, bins) / np.maximum(count, 1)
    mean_actual = np.bincount(place, actual, bins) / np.maximum(count, 1)
    error = float((np.abs(mean_predicted - mean_actual) * count).sum() / count.sum())
    return {
        "edges": edges.tolist(),
        "count": count.tolist(),
        "predicted": [float(mean) if n else None for mean, n in zip(mean_predicted, count, strict=True)],
        "actual": [float(mean) if n else None for mean, n in zip(mean_actual, count, strict=True)],
        "error": error,
    }

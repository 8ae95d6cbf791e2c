"""Root mean squared error of predicted ratings.

    RMSE = sqrt(mean over ratings of (clip(prediction) - rating)^2)

Source: Herlocker et al., Evaluating collaborative filtering recommender systems, ACM TOIS 22(1), 2004. Predictions
are clipped to the rating scale first, since no rating lies outside it.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Floats


def squared_errors(predicted: Floats, actual: Floats) -> Floats:
    """(prediction - rating)^2 of each rating, shape (n,)."""
    return np.square(predicted - actual)


def rmse(predicted: Floats, actual: Floats) -> float:
    """RMSE over parallel arrays of at least one rating; predictions are already clipped."""
    return float(np.sqrt(squared_errors(predicted, actual).mean()))

"""Mean absolute error of predicted ratings.

    MAE = mean over ratings of |clip(prediction) - rating|

Source: Herlocker et al., Evaluating collaborative filtering recommender systems, ACM TOIS 22(1), 2004.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Floats


def absolute_errors(predicted: Floats, actual: Floats) -> Floats:
    """|prediction - rating| of each rating, shape (n,)."""
    return np.abs(predicted - actual)


def mae(predicted: Floats, actual: Floats) -> float:
    """MAE over parallel arrays of at least one rating; predictions are already clipped."""
    return float(absolute_errors(predicted, actual).mean())

"""ROC and precision-recall curves from counts, with exact areas, thinned for storing.

A curve runs over the rule by which a protocol decides: *catalogue* shows the first 1, 2, 3, ... items of each list,
*rated* lowers the cut on the predicted rating. So each point of a curve is a setting the product could choose, and
only counts per step are needed, never all scores at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats, Ints, Scores

Curve = dict[str, Any]


def counts_by_score(scores: Scores, relevant: Bools) -> tuple[Floats, Ints, Ints]:
    """Distinct scores, highest first, and the relevant and irrelevant decisions at each; equal scores are one step."""
    values, place = np.unique(-scores.astype(np.float64), return_inverse=True)
    positives = np.bincount(place, relevant, len(values)).astype(np.int64)
    return -values, positives, np.bincount(place, minlength=len(values)) - positives


def curves(thresholds: Floats | Ints, positives: Ints, negatives: Ints, points: int) -> tuple[Curve, Curve]:
    """ROC and precision-recall curve of decisions that are taken step by step, strictest threshold first.

    Areas come from the full curves: ROC by the trapezoid rule (scikit-learn's roc_auc_score), precision-recall as
    average precision, sum of (R_n - R_{n-1}) P_n (scikit-learn's average_precision_score).

    Args:
        thresholds: value of the rule at each step, shape (steps,).
        positives, negatives: relevant and irrelevant decisions that each step adds, shape (steps,).
        points: upper bound of points kept.

    Returns: two dicts with x, y, threshold (None at the start of the ROC curve), area and base_rate (share of
        relevant decisions); both {} where there is no relevant or no irrelevant decision.
    """
    tp, fp = np.cumsum(positives), np.cumsum(negatives)
    if len(tp) == 0 or tp[-1] == 0 or fp[-1] == 0:
        return {}, {}
    tpr, fpr, precision = tp / tp[-1], fp / fp[-1], tp / np.maximum(tp + fp, 1)
    base_rate = float(tp[-1] / (tp[-1] + fp[-1]))
    roc_area = float(np.trapezoid(np.concatenate([[0.0], tpr]), np.concatenate([[0.0], fpr])))
    average_precision = float((np.diff(tpr, prepend=0.0) * precision).sum())
    kept = _thin(tpr + fpr, points - 1)
    steps = [float(threshold) for threshold in np.asarray(thresholds)[kept]]
    roc = {"x": [0.0, *fpr[kept].tolist()], "y": [0.0, *tpr[kept].tolist()], "threshold": [None, *steps]}
    pr = {"x": tpr[kept].tolist(), "y": precision[kept].tolist(), "threshold": steps}
    return (
        {**roc, "area": roc_area, "base_rate": base_rate},
        {**pr, "area": average_precision, "base_rate": base_rate},
    )


def _thin(travelled: Floats, points: int) -> NDArray[np.int64]:
    """Positions of at most ``points`` steps, evenly spread along the ROC curve's way; first and last stay."""
    if len(travelled) <= points:
        return np.arange(len(travelled))
    wanted = np.linspace(travelled[0], travelled[-1], points)
    kept = np.searchsorted(travelled, wanted)
    kept[0], kept[-1] = 0, len(travelled) - 1
    return np.unique(np.minimum(kept, len(travelled) - 1))

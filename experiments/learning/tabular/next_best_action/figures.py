"""Figures of predicted probabilities p against outcomes y in {0, 1}, each of n rows.

    log_loss           mean of -(y log p + (1 - y) log(1 - p)), p kept within 1e-15 of 0 and 1
    brier              mean (p - y)^2 (Brier 1950)
    auc                P(p of a row that worked > p of one that failed), ties half (Mann and Whitney 1947)
    calibration_error  sum of share x |mean p - mean y| over ten bins of equal mass by p (Naeini et al., AAAI 2015)
    lift_at_k          rate of the k % of rows with the highest p, divided by the rate of all rows

Rows of the same p are never told apart: they share a bin, and where the k % end among them, each counts with the share
of them that still fits. So no figure depends on the order of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.summaries.rank_correlation import ranks
from experiments.learning.tabular.base import Floats

BINS = 10
SMALLEST = 1e-15
PERCENTS = (10, 20)


def log_losses(probability: Floats, outcome: Floats) -> Floats:
    """Of each row, shape (n,)."""
    kept = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return np.asarray(-(outcome * np.log(kept) + (1 - outcome) * np.log1p(-kept)), dtype=np.float64)


def auc(probability: Floats, outcome: Floats) -> float | None:
    """None where every row has the same outcome."""
    worked = int(outcome.sum())
    failed = len(outcome) - worked
    if not worked or not failed:
        return None
    return float((ranks(probability)[outcome == 1].sum() - worked * (worked + 1) / 2) / (worked * failed))


def bins_of(probability: Floats) -> NDArray[np.int64]:
    """Bin 0 … 9 of each row by the rank of its probability, equal ones sharing their mean rank; shape (n,)."""
    if not len(probability):
        return np.empty(0, dtype=np.int64)
    place = (ranks(probability) - 0.5) / len(probability)
    return np.minimum((place * BINS).astype(np.int64), BINS - 1)


def calibration_bins(probability: Floats, outcome: Floats) -> list[dict[str, Any]]:
    """Bins that hold a row: rows, mean predicted, actual rate and its 95 % interval (Wilson 1927)."""
    found = []
    which = bins_of(probability)
    for number in range(BINS):
        inside = which == number
        if inside.any():
            rate = float(outcome[inside].mean())
            low, high = wilson(rate, int(inside.sum()))
            predicted = float(probability[inside].mean())
            found.append({"rows": int(inside.sum()), "predicted": predicted, "actual": rate, "low": low, "high": high})
    return found


def calibration_error(probability: Floats, outcome: Floats) -> float | None:
    """None without a row."""
    total = len(outcome)
    if not total:
        return None
    bins = calibration_bins(probability, outcome)
    return float(sum(each["rows"] / total * abs(each["predicted"] - each["actual"]) for each in bins))


def wilson(rate: float, count: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % interval of a share of ``count`` rows (Wilson 1927)."""
    centre = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def top_weights(score: Floats, share: float) -> Floats:
    """How much each row counts among the ``share`` of rows with the highest score, shape (n,), summing to share x n.

    1 above the boundary and 0 below; rows that are equal to it share what is left.
    """
    room = share * len(score)
    weights = np.zeros(len(score))
    if not len(score):
        return weights
    boundary = np.sort(score)[::-1][min(max(int(np.ceil(room)), 1), len(score)) - 1]
    above, equal = score > boundary, score == boundary
    weights[above] = 1.0
    weights[equal] = max(0.0, room - above.sum()) / equal.sum()
    return weights


def lift(probability: Floats, outcome: Floats, percent: int) -> float | None:
    """None where nothing worked, or there is no row."""
    if not len(outcome) or not outcome.any():
        return None
    weights = top_weights(probability, percent / 100)
    return float((weights @ outcome) / weights.sum() / outcome.mean())


def figures(probability: Floats, outcome: Floats) -> dict[str, float | None]:
    """Every figure that needs probabilities and outcomes alone; None where one is undefined."""
    some = len(outcome) > 0
    return {
        "log_loss": float(log_losses(probability, outcome).mean()) if some else None,
        "auc": auc(probability, outcome),
        "brier": float(np.square(probability - outcome).mean()) if some else None,
        "calibration_error": calibration_error(probability, outcome),
        **{f"lift_at_{percent}": lift(probability, outcome, percent) for percent in PERCENTS},
    }

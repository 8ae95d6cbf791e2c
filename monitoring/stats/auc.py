"""Area under the ROC curve from counts in bins of the score, with what binning can cost, and its interval."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from monitoring.stats.intervals import LEVEL, Interval


class Auc(NamedTuple):
    """``value``: the chance that a positive scores above a negative, ties counting half. The value on unbinned scores
    differs by at most ``bound``. NaN where one side is empty."""

    value: float
    bound: float
    positives: float
    negatives: float


def auc_binned(positive: npt.ArrayLike, negative: npt.ArrayLike) -> Auc:
    """From counts (b,) in bins of ascending score (Mann and Whitney 1947).

    Pairs within one bin count half, so the exact value lies within half their share of all pairs.
    """
    up, down = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    if up.ndim != 1 or up.shape != down.shape or (up < 0).any() or (down < 0).any():
        raise ValueError(f"negative: counts of at least 0 in as many bins as positive are accepted, got {down.shape}.")
    pairs = float(up.sum() * down.sum())
    if not pairs:
        return Auc(math.nan, math.nan, float(up.sum()), float(down.sum()))
    below = down.cumsum() - down
    ties = float(up @ down)
    return Auc((float(up @ below) + ties / 2) / pairs, ties / 2 / pairs, float(up.sum()), float(down.sum()))


def auc_interval(found: Auc, level: float = LEVEL) -> Interval:
    """By the standard error of Hanley and McNeil (Radiology 143, 1982); it stays within 0 and 1."""
    area, n, m = found.value, found.positives, found.negatives
    if not math.isfinite(area):
        return Interval(math.nan, math.nan, math.nan)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)
    half = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(max(0.0, variance))
    return Interval(area, max(0.0, area - half), min(1.0, area + half))


def calibration_error(positive: npt.ArrayLike, negative: npt.ArrayLike, groups: int = 10) -> float:
    """Σ share · |mean score − share of positives| over ``groups`` equal parts of 0 to 1 (expected calibration error).

    From counts (b,) in equal bins of a score from 0 to 1, b a multiple of ``groups``; scores count as the middle of
    their bin, so the error is right within half a bin. NaN where nothing is counted.
    """
    up, down = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    bins = len(up)
    if up.shape != down.shape or bins % groups:
        raise ValueError(f"positive: a multiple of {groups} bins is accepted, got {bins}.")
    both = up + down
    if not both.sum():
        return math.nan
    scores = both * (np.arange(bins) + 0.5) / bins
    said, came, _ = (part.reshape(groups, -1).sum(axis=1) for part in (scores, up, both))
    return float(np.abs(said - came).sum() / both.sum())

"""Rank correlation of two quantities over runs: whether one rises with the other, whatever the shape of the curve.

rho = Pearson correlation of the ranks, ties sharing their mean rank            (Spearman 1904)
interval = tanh(atanh(rho) -+ 1.96 sqrt((1 + rho^2 / 2) / (n - 3)))              (Bonett and Wright 2000, eq. 8)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.learning.metrics.arrays import Floats

FEWEST = 5
"""With fewer pairs any order is likely by chance: of four, one in twelve is perfectly sorted."""
Z95 = 1.959963984540054


@dataclass(frozen=True)
class RankCorrelation:
    """``rho`` and its 95 % interval are None where there are fewer than FEWEST pairs or one side never changes."""

    count: int
    rho: float | None = None
    low: float | None = None
    high: float | None = None
    why_not: str = ""


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> RankCorrelation:
    """Spearman's rho of finite pairs.

    Args:
        xs: n finite numbers.
        ys: as many.

    Raises:
        ValueError: the lengths differ, or a number is not finite.
    """
    x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"{len(x)} numbers against {len(y)}; accepted: as many of each.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("A number is not finite; accepted: pairs of finite numbers.")
    count = len(x)
    if count < FEWEST:
        return RankCorrelation(count, why_not=f"not enough runs: {count} of {FEWEST}")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return RankCorrelation(count, why_not="one of the two never changes")
    rho = float(np.clip(np.corrcoef(ranks(x), ranks(y))[0, 1], -1, 1))
    if abs(rho) == 1:
        return RankCorrelation(count, rho, rho, rho)
    half = Z95 * math.sqrt((1 + rho**2 / 2) / (count - 3))
    return RankCorrelation(count, rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half))


def ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of their ranks; shape (n,) to (n,)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], dtype=np.float64)

"""Intervals from sums, so that windows which keep sums can state how sure a figure is."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import stats

LEVEL = 0.95


class Interval(NamedTuple):
    """``value`` lies between ``low`` and ``high``; all NaN where there is too little to say."""

    value: float
    low: float
    high: float


def mean_interval(n: float, total: float, total_squares: float, level: float = LEVEL) -> Interval:
    """Of a mean, by Student's t, from the number of values, their sum and the sum of their squares.

    One value has a mean and an interval without ends (−∞, ∞).
    """
    _checked(level)
    if n <= 0:
        return Interval(math.nan, math.nan, math.nan)
    mean = total / n
    if n < 2:
        return Interval(mean, -math.inf, math.inf)
    variance = max(0.0, (total_squares - n * mean**2) / (n - 1))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * math.sqrt(variance / n)
    return Interval(mean, mean - half, mean + half)


def ratio_interval(n: float, x: float, y: float, xx: float, yy: float, xy: float, level: float = LEVEL) -> Interval:
    """Of Σx / Σy over n pairs, by the delta method with Student's t, from the sums and the sums of products.

    For shares of what comes in clusters, such as hits a shown item over lists (Cochran, Sampling Techniques, 6.3).
    """
    _checked(level)
    if n <= 0 or y == 0:
        return Interval(math.nan, math.nan, math.nan)
    ratio = x / y
    if n < 2:
        return Interval(ratio, -math.inf, math.inf)
    residual = max(0.0, xx - 2 * ratio * xy + ratio**2 * yy) / (n - 1)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * math.sqrt(residual * n) / abs(y)
    return Interval(ratio, ratio - half, ratio + half)


def wilson(successes: float, n: float, level: float = LEVEL) -> Interval:
    """Of a share of independent events (Wilson 1927); it stays between 0 and 1 and has a width also at 0 of n."""
    _checked(level)
    if n <= 0:
        return Interval(math.nan, math.nan, math.nan)
    if not 0 <= successes <= n:
        raise ValueError(f"successes: 0 to {n:g} are accepted, got {successes:g}.")
    z = float(stats.norm.ppf((1 + level) / 2))
    share, grown = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / grown
    half = z / grown * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def _checked(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level: between 0 and 1 is accepted, got {level:g}.")

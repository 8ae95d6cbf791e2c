"""F1 with its standard error, from the sums that windows keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from scipy import stats

from monitoring.stats.intervals import LEVEL, Interval


class Sums(NamedTuple):
    """Over n units with precision p and recall r: Σp, Σr, Σp², Σr², Σpr."""

    n: float
    p: float
    r: float
    pp: float
    rr: float
    pr: float


class F1(NamedTuple):
    """NaN where there is nothing to say; the error is NaN for fewer than two units."""

    value: float
    error: float


def f1_of_means(sums: Sums) -> F1:
    """2PR / (P + R) of the means (decision D2), with its standard error by the delta method."""
    n = sums.n
    if n <= 0:
        return F1(math.nan, math.nan)
    p, r = sums.p / n, sums.r / n
    if p + r == 0:
        return F1(0.0, 0.0 if n > 1 else math.nan)
    value = 2 * p * r / (p + r)
    if n < 2:
        return F1(value, math.nan)
    by_p, by_r = 2 * (r / (p + r)) ** 2, 2 * (p / (p + r)) ** 2
    vp, vr, vpr = (
        (squares - n * one * two) / (n - 1) for squares, one, two in ((sums.pp, p, p), (sums.rr, r, r), (sums.pr, p, r))
    )
    variance = (by_p**2 * vp + by_r**2 * vr + 2 * by_p * by_r * vpr) / n
    return F1(value, math.sqrt(max(0.0, variance)))


def f1_interval(sums: Sums, level: float = LEVEL) -> Interval:
    """By Student's t around F1; one unit has an interval without ends."""
    found = f1_of_means(sums)
    if not math.isfinite(found.value):
        return Interval(math.nan, math.nan, math.nan)
    if not math.isfinite(found.error):
        return Interval(found.value, -math.inf, math.inf)
    half = float(stats.t.ppf((1 + level) / 2, sums.n - 1)) * found.error
    return Interval(found.value, max(0.0, found.value - half), min(1.0, found.value + half))


def f1_of_pairs(confusion: Mapping[str, Mapping[str, float]], positive: str | None = None) -> float:
    """Of a classifier from {answered: {true: count}}: of ``positive``, or the mean over all labels (macro).

    NaN where nothing is counted.
    """
    labels = sorted(set(confusion) | {true for row in confusion.values() for true in row})
    chosen = labels if positive is None else [positive]
    found = []
    for label in chosen:
        answered = sum(confusion.get(label, {}).values())
        true = sum(row.get(label, 0) for row in confusion.values())
        right = confusion.get(label, {}).get(label, 0)
        found.append(2 * right / (answered + true) if answered + true else 0.0)
    return sum(found) / len(found) if labels else math.nan

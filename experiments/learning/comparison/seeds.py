"""Repeated runs that differ in nothing but their seed: mean, standard deviation and an interval of the mean.

    s = sqrt(sum (x - mean)^2 / (n - 1)),   mean -+ t_{n-1} s / sqrt(n)

The interval is about training with another seed on the same data; it says nothing about other users.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import special


@dataclass(frozen=True)
class OverSeeds:
    """``mean`` is None without any value; ``deviation``, ``low`` and ``high`` are None with fewer than two.

    ``left_out`` counts runs without the value (None or NaN).
    """

    count: int
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None
    left_out: int = 0

    @property
    def words(self) -> str:
        """ "5 seeds", "one seed" or "no value"."""
        return {0: "no value", 1: "one seed"}.get(self.count, f"{self.count} seeds")


def over_seeds(values: Iterable[float | None], *, confidence: float = 0.95) -> OverSeeds:
    """Mean, sample deviation (n - 1) and t-interval of one metric over repeated runs.

    Raises:
        ValueError: a value is infinite, or the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; accepted: a number above 0 and below 1.")
    given = list(values)
    known = [float(value) for value in given if value is not None and not math.isnan(value)]
    if any(math.isinf(value) for value in known):
        raise ValueError("A value is infinite; accepted: numbers.")
    count, left_out = len(known), len(given) - len(known)
    if not known:
        return OverSeeds(0, None, None, None, None, left_out)
    mean = math.fsum(known) / count
    if count == 1:
        return OverSeeds(1, mean, None, None, None, left_out)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (count - 1))
    half = float(special.stdtrit(count - 1, (1 + confidence) / 2)) * deviation / math.sqrt(count)
    return OverSeeds(count, mean, deviation, mean - half, mean + half, left_out)

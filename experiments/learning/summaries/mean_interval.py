"""The interval of a mean from what a database sums up: count, mean and sample deviation.

mean -+ t_{n-1} s / sqrt(n)        (Student 1908)
"""

from __future__ import annotations

import math

from scipy.special import stdtrit


def mean_interval(
    count: int, mean: float, deviation: float | None, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Low and high of the two-sided t-interval; None for fewer than two values, where nothing is known of the spread.

    Raises:
        ValueError: the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; accepted: a number above 0 and below 1.")
    if count < 2 or deviation is None:
        return None
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * deviation / math.sqrt(count)
    return mean - half, mean + half

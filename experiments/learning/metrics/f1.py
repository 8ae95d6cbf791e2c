"""F1: the harmonic mean of precision and recall, here of their means over users (decision D2).

    F1 = 2 P R / (P + R),  P = mean precision, R = mean recall

Source: van Rijsbergen, Information Retrieval (1979), chapter 7, with beta = 1. The mean of each user's own F1 is
another, lower number (ranx gives that one).
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Floats


def f1(precision: float, recall: float) -> float:
    """F1 of two means; 0 where both are 0."""
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def f1_each(precision: Floats, recall: Floats) -> Floats:
    """F1 of parallel arrays of precision and recall, same shape."""
    total = precision + recall
    return np.divide(2.0 * precision * recall, total, out=np.zeros_like(total), where=total > 0)

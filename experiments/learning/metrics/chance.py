"""What drawing at random would bring: the mathematics behind every random line.

A random list draws items without replacement, all candidates equally likely, so hits follow the hypergeometric
distribution and each place of the list holds a relevant item with probability ``relevant / candidates``.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Floats, Ints


def share(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    """``part / whole``, and 0 where the whole is 0."""
    quotient = np.zeros(np.broadcast_shapes(np.shape(part), np.shape(whole)), dtype=np.float64)
    np.divide(part, whole, out=quotient, where=np.asarray(whole) != 0)
    return quotient


def none_drawn(marked: Ints, total: Ints, draws: int) -> Floats:
    """Probability that the first t draws hold no marked item, for t = 0 .. draws, shape (len(total), draws + 1).

    P(t) = product over j < t of (total - marked - j) / (total - j); it stays as it is once all are drawn.
    """
    drawn = np.arange(draws)
    left = total[:, None] - drawn
    unmarked_left = np.maximum(left - marked[:, None], 0)
    factors = np.where(left > 0, unmarked_left / np.maximum(left, 1), 1.0)
    return np.concatenate([np.ones((len(total), 1)), np.cumprod(factors, axis=1)], axis=1)

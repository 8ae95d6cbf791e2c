"""Exact Shapley values by going through every coalition.

phi_i = sum over coalitions S without i of |S|! (p - |S| - 1)! / p! (v(S with i) - v(S)), so that they sum to
v(all) - v(none) (Shapley, A value for n-person games, 1953; for predictions: Strumbelj and Kononenko, Explaining
prediction models and individual predictions with feature contributions, KAIS 41, 2014; Lundberg and Lee, NeurIPS 2017).
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shapley_values(worth: Floats) -> Floats:
    """Values of p players, shape (p, n), from ``worth`` of shape (2**p, n): row b holds the worth of the coalition
    whose members are the bits of b, for n games at a time.

    Raises ValueError where the number of rows is no power of two.
    """
    players = len(worth).bit_length() - 1
    if len(worth) != 1 << players:
        raise ValueError(f"worth has {len(worth)} rows; accepted: a power of two, one row a coalition.")
    coalitions = np.arange(len(worth))
    sizes = np.array([int(each).bit_count() for each in coalitions])
    values = np.zeros((players, worth.shape[1]))
    for player in range(players):
        without = coalitions[(coalitions >> player) & 1 == 0]
        weights = np.array([factorial(s) * factorial(players - s - 1) for s in sizes[without]]) / factorial(players)
        values[player] = weights @ (worth[without | (1 << player)] - worth[without])
    return values

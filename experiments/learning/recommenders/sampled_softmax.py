"""The sampled softmax of validation pairs against candidates drawn once, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold

_NUMBERS_AT_ONCE = 1 << 22
"""Scores made at a time, 16 MiB."""


@dataclass(frozen=True)
class Competitors:
    """Distinct items (m,) and how often each was drawn (m,)."""

    items: IntArray
    times: FloatArray

    @classmethod
    def drawn(cls, items: IntArray, count: int, generator: np.random.Generator) -> Competitors:
        """``count`` of these items, one for each liked pair, without replacement; all where there are fewer."""
        distinct, times = np.unique(generator.permutation(items)[:count], return_counts=True)
        return cls(distinct.astype(np.int32), times.astype(np.float32))


def mean_loss(fold: Fold, users: FloatArray, items: FloatArray, competitors: Competitors) -> float:
    """Weighted mean of −ln of the share of each pair's item among itself and the other competitors.

    ``users`` (num_users, d) and ``items`` (num_items, d): vectors whose products are already corrected by log q.
    ``fold.value``: weights whose sum is above 0.
    """
    at_once = max(1, _NUMBERS_AT_ONCE // max(len(competitors.items), 1))
    total = 0.0
    for start in range(0, len(fold), at_once):
        part = slice(start, start + at_once)
        x, item = users[fold.user[part]], fold.item[part]
        own = np.einsum("nd,nd->n", x, items[item])
        others = x @ items[competitors.items].T + np.log(competitors.times)
        others[item[:, None] == competitors.items] = -np.inf
        losses = logsumexp(np.column_stack([own, others]).astype(np.float64), axis=1) - own
        total += float(losses @ fold.value[part].astype(np.float64))
    return total / float(fold.value.sum(dtype=np.float64))

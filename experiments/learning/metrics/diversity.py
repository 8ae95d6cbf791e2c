"""Diversity: how different the items of one list are from each other.

    diversity(u) = mean over the pairs i < j of u's list of 1 - cos(x_i, x_j)

x_i is the binary vector of the users who have item i in training, so two items are alike if the same people have
them. Source: intra-list diversity, Ziegler et al., Improving recommendation lists through topic diversification,
WWW 2005, with the cosine of item-based collaborative filtering (Sarwar et al., WWW 2001). An item without training
interactions is unlike every other (cosine 0). A list of fewer than two items has no diversity: NaN, left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.metrics.arrays import Floats
from experiments.learning.metrics.pairs import PairSet

_TERMS = 8_000_000
"""Upper bound of the entries that one sparse product may make: about 100 MB."""


def item_vectors(train: PairSet) -> sparse.csr_matrix:
    """Unit vector of each item over users, shape (items, users)."""
    users, items = np.divmod(train.keys, train.num_items)
    width = int(users.max()) + 1 if len(users) else 1
    lengths = np.sqrt(np.bincount(items, minlength=train.num_items))
    return sparse.csr_matrix((1.0 / lengths[items], (items, users)), shape=(train.num_items, width))


def diversity(lists: NDArray[np.int32], vectors: sparse.csr_matrix) -> Floats:
    """Diversity of each list (padded with -1), shape (users,).

    With s the sum of a list's unit vectors, the cosines of all ordered pairs add up to |s|^2 - sum |x_i|^2,
    so no similarity of pairs is ever built.
    """
    entries = np.diff(vectors.indptr)
    cost = np.cumsum(np.where(lists >= 0, entries[lists], 0).sum(axis=1))
    limits = np.arange(_TERMS, cost[-1], _TERMS) if len(cost) else np.empty(0, dtype=np.int64)
    cuts = np.unique(np.searchsorted(cost, limits))
    parts = [_diversity(part, vectors, entries) for part in np.split(lists, cuts)]
    return np.concatenate(parts)


def _diversity(lists: NDArray[np.int32], vectors: sparse.csr_matrix, entries: NDArray[np.integer]) -> Floats:
    shown = lists >= 0
    rows, _ = np.nonzero(shown)
    picked = lists[shown]
    choice = sparse.csr_matrix((np.ones(len(picked)), (rows, picked)), shape=(len(lists), vectors.shape[0]))
    total = choice @ vectors
    squares = np.bincount(np.repeat(np.arange(len(lists)), np.diff(total.indptr)), total.data**2, len(lists))
    alone = np.bincount(rows, entries[picked] > 0, len(lists))
    size = np.count_nonzero(shown, axis=1)
    pairs = size * (size - 1)
    return np.where(pairs > 0, 1.0 - (squares - alone) / np.maximum(pairs, 1), np.nan)

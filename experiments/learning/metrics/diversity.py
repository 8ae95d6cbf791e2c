"""Diversity: how different the items of one list are from each other.

    diversity(u) = mean over the pairs i < j of u's list of 1 - cos(x_i, x_j)

x_i is the binary vector of the users who have item i in training, so two items are alike if the same people have
them. Source: intra-list diversity, Ziegler et al., Improving recommendation lists through topic diversification,
WWW 2005, with the cosine of item-based collaborative filtering (Sarwar et al., WWW 2001). An item without training
interactions is unlike every other (cosine 0). A list of fewer than two items has no diversity: NaN, left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.metrics.arrays import Bools, Floats
from experiments.learning.metrics.pairs import PairSet

_TERMS = 8_000_000
"""Upper bound of the entries that one sparse product may make: about 100 MB."""
_MOST_ITEMS = 2000
"""Upper bound of the items whose table of all pairs is built: 32 MB."""


def item_vectors(train: PairSet) -> sparse.csr_matrix:
    """Unit vector of each item over users, shape (items, users)."""
    users, items = np.divmod(train.keys, train.num_items)
    width = int(users.max()) + 1 if len(users) else 1
    lengths = np.sqrt(np.bincount(items, minlength=train.num_items))
    return sparse.csr_matrix((1.0 / lengths[items], (items, users)), shape=(train.num_items, width))


def diversity(lists: NDArray[np.int32], vectors: sparse.csr_matrix) -> Floats:
    """Diversity of each list (padded with -1), shape (users,), by whichever way costs less."""
    shown = lists >= 0
    entries = np.diff(vectors.indptr)
    items = np.unique(lists[shown])
    by_lists = int(entries[lists[shown]].sum())
    by_pairs = int(np.square(np.bincount(vectors[items].indices, minlength=1)).sum())
    if len(items) <= _MOST_ITEMS and by_pairs <= by_lists:
        cosines = _cosines_by_pairs(lists, shown, items, vectors)
    else:
        cosines = _cosines_by_lists(lists, shown, vectors, entries)
    alone = np.where(shown, entries[lists] > 0, False).sum(axis=1)
    size = np.count_nonzero(shown, axis=1)
    pairs = size * (size - 1)
    return np.where(pairs > 0, 1.0 - (cosines - alone) / np.maximum(pairs, 1), np.nan)


def _cosines_by_pairs(
    lists: NDArray[np.int32], shown: Bools, items: NDArray[np.int32], vectors: sparse.csr_matrix
) -> Floats:
    """Sum of the cosines of all ordered pairs of each list, itself with itself included, from a table of all pairs."""
    table = (vectors[items] @ vectors[items].T).toarray()
    position = np.where(shown, np.searchsorted(items, lists), 0)
    total = np.zeros(len(lists))
    for place in range(lists.shape[1]):
        row = table[position[:, place, None], position]
        total += np.where(shown & shown[:, place, None], row, 0.0).sum(axis=1)
    return total


def _cosines_by_lists(
    lists: NDArray[np.int32], shown: Bools, vectors: sparse.csr_matrix, entries: NDArray[np.integer[Any]]
) -> Floats:
    """The same as the squared length of the sum of each list's unit vectors, so that no pair is ever built."""
    cost = np.cumsum(np.where(shown, entries[lists], 0).sum(axis=1))
    limits = np.arange(_TERMS, cost[-1], _TERMS) if len(cost) else np.empty(0, dtype=np.int64)
    squares = []
    for part in np.split(np.arange(len(lists)), np.unique(np.searchsorted(cost, limits))):
        rows, _ = np.nonzero(shown[part])
        picked = lists[part][shown[part]]
        choice = sparse.csr_matrix((np.ones(len(picked)), (rows, picked)), shape=(len(part), vectors.shape[0]))
        total = choice @ vectors
        row_of_entry = np.repeat(np.arange(len(part)), np.diff(total.indptr))
        squares.append(np.bincount(row_of_entry, np.square(total.data), len(part)))
    return np.concatenate(squares)

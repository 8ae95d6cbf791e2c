"""Counts and ranks of each user: what people build metrics of their own from (``experiments.learning.custom_metrics``).

They say nothing that the evaluation had not found already, so they cost no second look at scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.lines import Table


def list_counts(hits: Bools, shown: Bools, ks: Sequence[int]) -> Table:
    """``hits_at_k`` and ``recommended_at_k`` of each user.

    Args:
        hits: relevant items at their places in the list, shape (users, >= max k).
        shown: places that hold an item that is recommended, of the same shape.
    """
    counts: Table = {}
    for k in ks:
        counts[f"hits_at_{k}"] = _count(hits[:, :k] & shown[:, :k])
        counts[f"recommended_at_{k}"] = _count(shown[:, :k])
    return counts


def rank_table(places: Ints, relevant: Ints) -> Table:
    """``first_rank``, ``mean_rank`` and ``last_rank`` of each user's relevant items, 1 being the top.

    Args:
        places: place of every relevant item, 0 being the top, all of one user's beside each other, shape (pairs,).
        relevant: number of relevant items of each user, at least 1, summing up to ``pairs``, shape (users,).
    """
    starts = np.cumsum(relevant) - relevant
    ranks = places.astype(np.float64) + 1.0
    return {
        "first_rank": np.minimum.reduceat(ranks, starts),
        "mean_rank": np.add.reduceat(ranks, starts) / relevant,
        "last_rank": np.maximum.reduceat(ranks, starts),
    }


def _count(places: Bools) -> Floats:
    return np.asarray(np.count_nonzero(places, axis=1), dtype=np.float64)

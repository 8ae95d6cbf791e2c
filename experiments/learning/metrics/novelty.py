"""Novelty: how unknown the shown items are, in bits.

    novelty(u) = mean over u's list of -log2(p_i),  p_i = |users with item i in training| / |training users|

Source: Zhou et al., Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS 107(10), 2010
(self-information). An item nobody has in training counts as known to one user, so novelty is finite and at most
log2(|training users|).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Floats, Ints
from experiments.learning.metrics.chance import share


def self_information(item_users: Ints, num_users: int) -> Floats:
    """-log2(p_i) of each item, shape (items,); ``item_users`` counts distinct training users of each item."""
    information: Floats = np.log2(max(num_users, 1)) - np.log2(np.maximum(item_users, 1))
    return information


def mean_of_list(values: Floats, lists: NDArray[np.int32]) -> Floats:
    """Mean of a per-item value over each list (padded with -1), shape (users,); 0 for an empty list."""
    shown = lists >= 0
    return share(np.where(shown, values[lists], 0.0).sum(axis=1), np.count_nonzero(shown, axis=1))


def mean_of_candidates(values: Floats, candidates: Ints, seen_rows: Ints, seen_items: Ints) -> Floats:
    """Mean of a per-item value over everything not seen: what a random list has in expectation, shape (users,)."""
    seen = np.bincount(seen_rows, values[seen_items], minlength=len(candidates))
    return share(values.sum() - seen, candidates)

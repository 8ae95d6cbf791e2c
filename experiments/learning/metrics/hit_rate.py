"""Hit rate at k: which share of users finds at least one relevant item in the list.

    HR@k = mean over users of [at least one of the first k is relevant]

Source: Deshpande, Karypis, Item-based top-N recommendation algorithms, ACM TOIS 22(1), 2004. Also called success@k.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import none_drawn
from experiments.learning.metrics.ranking import RankingMetric


def hit_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """1.0 for each user with a hit in the first k, else 0.0, shape (users,)."""
    found: Bools = np.count_nonzero(hits[:, :k], axis=1) > 0
    return found.astype(np.float64)


def expected_hit_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """1 - P(no relevant item among k drawn), hypergeometric."""
    missed: Floats = none_drawn(relevant, candidates, k)[:, k]
    return np.ones(len(relevant)) - missed


def best_hit_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """1: a relevant item at the top."""
    return np.ones(len(relevant))


METRIC = RankingMetric("hit_rate", hit_at_k, expected_hit_at_k, best_hit_at_k)

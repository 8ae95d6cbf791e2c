"""Mean reciprocal rank at k: how far down the list the first relevant item stands.

    RR@k = 1 / place of the first relevant item, 0 where the first k hold none,  MRR@k = mean over users

Source: Voorhees, The TREC-8 Question Answering Track Report, 1999.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import none_drawn
from experiments.learning.metrics.ranking import RankingMetric


def reciprocal_rank_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """RR@k of each user, shape (users,)."""
    top = hits[:, :k]
    return np.where(top.any(axis=1), 1.0 / (np.argmax(top, axis=1) + 1), 0.0)


def expected_reciprocal_rank_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """E[RR@k] = sum over i of (1 / i) * P(the first hit is at place i), places drawn without replacement."""
    none = none_drawn(relevant, candidates, k)
    first: Floats = (none[:, :-1] - none[:, 1:]) @ (1.0 / np.arange(1, k + 1))
    return first


def best_reciprocal_rank_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """1: a relevant item at the top."""
    return np.ones(len(relevant))


METRIC = RankingMetric("mrr", reciprocal_rank_at_k, expected_reciprocal_rank_at_k, best_reciprocal_rank_at_k)

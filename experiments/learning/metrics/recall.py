"""Recall at k: which share of what is relevant is in the list.

    R@k = |relevant in the first k| / |relevant|

Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 8.3. A user without a relevant
item has no recall and is left out, and counted as left out, by the protocols.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import share
from experiments.learning.metrics.ranking import RankingMetric


def recall_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """R@k of each user, shape (users,)."""
    return share(np.count_nonzero(hits[:, :k], axis=1), relevant)


def expected_recall_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """E[R@k] = min(k, C) / C."""
    return share(np.minimum(k, candidates), candidates)


def best_recall_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """min(k, R) / R."""
    return share(np.minimum(k, relevant), relevant)


METRIC = RankingMetric("recall", recall_at_k, expected_recall_at_k, best_recall_at_k)

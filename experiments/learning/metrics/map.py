"""Mean average precision at k: precision at each hit, averaged over all relevant items.

    AP@k = (1 / |relevant|) * sum over places i = 1..k of rel_i * P@i,  MAP@k = mean over users

Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 8.4; the denominator is the number
of all relevant items, as in trec_eval and ranx, so a user with more than k of them cannot reach 1.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import share
from experiments.learning.metrics.ranking import RankingMetric
from experiments.learning.metrics.recall import best_recall_at_k


def average_precision_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """AP@k of each user, shape (users,)."""
    top = hits[:, :k]
    found = np.cumsum(top, axis=1, dtype=np.float64)
    precisions = np.where(top, found, 0.0) @ (1.0 / np.arange(1, top.shape[1] + 1))
    return share(precisions, relevant)


def expected_average_precision_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """E[AP@k] = (H_m + rho (m - H_m)) / C with m = min(k, C), H_m the harmonic number, rho = (R - 1) / (C - 1).

    A place holds a relevant item with probability R / C, and each of the i - 1 places before it then holds one
    with probability rho.
    """
    draws = np.minimum(k, candidates)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, k + 1))])[draws]
    another = share(relevant - 1, candidates - 1)
    return share(harmonic + another * (draws - harmonic), candidates)


METRIC = RankingMetric("map", average_precision_at_k, expected_average_precision_at_k, best_recall_at_k)

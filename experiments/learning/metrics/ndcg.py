"""Normalised discounted cumulative gain at k: relevant items count more the higher they stand.

    DCG@k = sum over places i = 1..k of rel_i / log2(i + 1),  NDCG@k = DCG@k / (DCG@k of the best order)

Source: Järvelin, Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4), 2002, with binary
gain and the log2(i + 1) discount (decision D2). The best order has min(k, R) relevant items at the top, and does
not depend on what the model could reach.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import share
from experiments.learning.metrics.ranking import RankingMetric


def discounts(k: int) -> Floats:
    """1 / log2(i + 1) for the places i = 1..k, shape (k,)."""
    return 1.0 / np.log2(np.arange(2, k + 2))


def ideal_dcg(relevant: Ints, k: int) -> Floats:
    """DCG@k with min(k, R) relevant items at the top, shape (users,)."""
    gathered = np.concatenate([[0.0], np.cumsum(discounts(k))])
    return gathered[np.minimum(relevant, k)]


def ndcg_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """NDCG@k of each user, shape (users,); 0 for a user without a relevant item."""
    top = hits[:, :k].astype(np.float64)
    return share(top @ discounts(top.shape[1]), ideal_dcg(relevant, k))


def expected_ndcg_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """E[NDCG@k] = R / C * (sum of the first min(k, C) discounts) / ideal DCG@k."""
    return share(relevant, candidates) * share(ideal_dcg(candidates, k), ideal_dcg(relevant, k))


def best_ndcg_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """1: the best order is always possible."""
    return np.ones(len(relevant))


METRIC = RankingMetric("ndcg", ndcg_at_k, expected_ndcg_at_k, best_ndcg_at_k)

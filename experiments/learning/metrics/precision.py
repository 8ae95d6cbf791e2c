"""Precision at k: which share of the list is relevant.

    P@k = |relevant in the first k| / k

Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 8.4. The denominator is k also
where fewer than k candidates exist, as in trec_eval and ranx. Where a list is a *selection* (the rated protocol,
the items of one segment), the denominator is the number of items shown, and a user shown nothing has P = 0,
which is Surprise's precision_recall_at_k.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import none_drawn, share
from experiments.learning.metrics.ranking import RankingMetric


def precision_at_k(hits: Bools, relevant: Ints, k: int) -> Floats:
    """P@k of each user, shape (users,)."""
    return np.asarray(np.count_nonzero(hits[:, :k], axis=1) / k, dtype=np.float64)


def expected_precision_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """E[P@k] = min(k, C) / k * R / C."""
    return np.minimum(k, candidates) * relevant / candidates / k


def best_precision_at_k(relevant: Ints, candidates: Ints, k: int) -> Floats:
    """min(k, R) / k."""
    return np.minimum(k, relevant) / k


def precision_of_shown(hits: Bools, shown: Bools) -> Floats:
    """Hits / items shown, 0 where nothing is shown; both of shape (users, places)."""
    return share(np.count_nonzero(hits & shown, axis=1), np.count_nonzero(shown, axis=1))


def expected_precision_of_shown(relevant: Ints, selectable: Ints, candidates: Ints, k: int) -> Floats:
    """R / S * P(at least one of the S selectable items is among the first k of C in random order)."""
    return share(relevant, selectable) * (1.0 - none_drawn(selectable, candidates, k)[:, k])


METRIC = RankingMetric("precision", precision_at_k, expected_precision_at_k, best_precision_at_k)

"""Per-user values of the model and of its reference lines, for whole lists and for selections of lists.

A table maps a wire name (``recall_at_10``) to one value a user; four tables stand beside each other: what the model
reached, what popularity reaches, what random order reaches in expectation, and the best any model could reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.hit_rate import METRIC as HIT_RATE
from experiments.learning.metrics.map import METRIC as MEAN_AVERAGE_PRECISION
from experiments.learning.metrics.mrr import METRIC as MRR
from experiments.learning.metrics.ndcg import METRIC as NDCG
from experiments.learning.metrics.ndcg import expected_ndcg_at_k, ndcg_at_k
from experiments.learning.metrics.precision import METRIC as PRECISION
from experiments.learning.metrics.precision import expected_precision_of_shown, precision_of_shown
from experiments.learning.metrics.recall import METRIC as RECALL
from experiments.learning.metrics.recall import best_recall_at_k, expected_recall_at_k, recall_at_k

Line = Literal["model", "popularity", "random", "oracle"]
Table = dict[str, Floats]
Lines = dict[Line, Table]

LINES: tuple[Line, ...] = ("model", "popularity", "random", "oracle")
RANKING_METRICS = (PRECISION, RECALL, NDCG, MEAN_AVERAGE_PRECISION, MRR, HIT_RATE)


def list_table(hits: Bools, relevant: Ints, ks: Sequence[int]) -> Table:
    """Every ranking metric at every k, for lists shown whole; ``hits`` has shape (users, >= max k)."""
    return {metric.name(k): metric.at_k(hits, relevant, k) for k in ks for metric in RANKING_METRICS}


def chance_table(relevant: Ints, candidates: Ints, ks: Sequence[int]) -> Table:
    """Exact expectation of every ranking metric for lists in random order."""
    return {metric.name(k): metric.expected(relevant, candidates, k) for k in ks for metric in RANKING_METRICS}


def best_table(relevant: Ints, candidates: Ints, ks: Sequence[int]) -> Table:
    """The largest value of every ranking metric."""
    return {metric.name(k): metric.best(relevant, candidates, k) for k in ks for metric in RANKING_METRICS}


def selection_table(hits: Bools, shown: Bools, relevant: Ints, k: int) -> Table:
    """Precision, recall and NDCG of a selection from lists: only what is shown counts as recommended.

    NDCG judges the order of the list, whatever part of it is shown.

    Args:
        hits: relevant items at their places in the list, shape (users, k).
        shown: places that count as recommended, shape (users, k).
        relevant: relevant candidates of each user, shape (users,).
    """
    return {
        PRECISION.name(k): precision_of_shown(hits, shown),
        RECALL.name(k): recall_at_k(hits & shown, relevant, k),
        NDCG.name(k): ndcg_at_k(hits, relevant, k),
    }


def selection_chance_table(relevant: Ints, selectable: Ints, candidates: Ints, k: int) -> Table:
    """Expectation of ``selection_table`` for lists in random order of which all ``selectable`` items are shown."""
    return {
        PRECISION.name(k): expected_precision_of_shown(relevant, selectable, candidates, k),
        RECALL.name(k): expected_recall_at_k(relevant, candidates, k),
        NDCG.name(k): expected_ndcg_at_k(relevant, candidates, k),
    }


def selection_best_table(relevant: Ints, k: int) -> Table:
    """The largest values of ``selection_table``: relevant items first, and nothing else shown."""
    ones = np.ones(len(relevant))
    return {PRECISION.name(k): ones, RECALL.name(k): best_recall_at_k(relevant, relevant, k), NDCG.name(k): ones}


def joined(blocks: Sequence[Mapping[Line, Table]]) -> Lines:
    """Tables of consecutive blocks of users as one."""
    return {line: joined_tables([block[line] for block in blocks]) for line in blocks[0]}


def joined_tables(blocks: Sequence[Table]) -> Table:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

"""What each thing the user did adds to a score, for models that sum over the user's history. Exact, no estimate.

EASE (Steck, WWW 2019): score = sum over the history of value_j · weight_ji. Item neighbours: the same sum, for ratings
divided by the sum of the weights met plus the damping, which is one number for the whole sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.learning.data.interactions import IntArray
from experiments.learning.explain.split import Floats
from experiments.learning.recommenders.scorers.errors import require_codes
from experiments.learning.recommenders.scorers.linear import LinearScorer
from experiments.learning.recommenders.scorers.neighbours import NeighbourScorer


@dataclass(frozen=True)
class Contributions:
    """``items``: codes of the history, shape (h,); ``values``: what each adds to each asked score, shape (h, n)."""

    items: IntArray
    values: Floats
    average: bool = False
    """The user has no history, so this is the average history of all users: nothing that this user did."""


def of_linear(scorer: LinearScorer, user: int, items: IntArray) -> Contributions:
    """Raises ScorerError for codes out of range."""
    codes = np.array([user], np.int32)
    require_codes("users", codes, scorer.num_users)
    require_codes("items", items, scorer.num_items)
    row = scorer.histories.rows(codes)
    places, values = row.indices, row.data
    average = not len(places)
    if average:
        mean = scorer.histories.mean()
        places = np.flatnonzero(mean).astype(places.dtype)
        values = mean[places]
    columns = np.searchsorted(scorer.items, items)
    inside = np.minimum(columns, max(len(scorer.items) - 1, 0))
    weighed = len(scorer.items) > 0
    known = scorer.items[inside] == items if weighed else np.zeros(len(items), bool)
    found = np.zeros((len(places), len(items)))
    found[:, known] = values[:, None].astype(np.float64) * scorer.weights[np.ix_(places, inside[known])]
    return Contributions(scorer.items[places].astype(np.int32), found, average)


def of_neighbours(scorer: NeighbourScorer, user: int, items: IntArray) -> Contributions:
    """Without the biases, which are no doing of the history. Raises ScorerError for codes out of range."""
    codes = np.array([user], np.int32)
    require_codes("users", codes, scorer.num_users)
    require_codes("items", items, scorer.num_items)
    row = scorer.histories.rows(codes)
    history, values = row.indices.astype(np.int32), row.data.astype(np.float64)
    weights = np.zeros((len(history), len(items)))
    for place, item in enumerate(items):
        column = np.zeros(scorer.num_items)
        np.add.at(column, scorer.neighbour_item[item], scorer.neighbour_weight[item])
        weights[:, place] = column[history]
    found = weights * values[:, None]
    if scorer.averaged:
        total = np.abs(weights).sum(axis=0) + scorer.damping
        np.divide(found, total, out=found, where=total > 0)
    return Contributions(history, found)

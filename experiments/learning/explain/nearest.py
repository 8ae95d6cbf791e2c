"""Which things that the user liked stand behind an item: exact contributions where the model sums over them, else the
cosine of item vectors, which says what the model takes for alike and is no part of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.explain import history
from experiments.learning.explain.recommender import listing
from experiments.learning.explain.split import Floats
from experiments.learning.recommenders.base import Scorer
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.linear import LinearScorer
from experiments.learning.recommenders.scorers.neighbours import NeighbourScorer
from experiments.learning.recommenders.scorers.network import NetworkScorer

Measure = Literal["contribution", "cosine", "none"]


@dataclass(frozen=True)
class Near:
    """An item of the user's history, and what it adds to the score or how near its vector is (-1 to 1)."""

    item: int
    value: float


@dataclass(frozen=True)
class NearestLiked:
    """``rows``: for each asked item, its nearest in falling order of value; only values above 0."""

    measure: Measure
    rows: tuple[tuple[Near, ...], ...]


def nearest_liked(scorer: Scorer, user: int, items: IntArray, liked: IntArray, *, most: int = 3) -> NearestLiked:
    """``liked``: codes of items that the user liked, used where the model itself keeps no history.

    A model that gives everybody the same list has none, and so has a user without a history.
    """
    scorer = listing(scorer)
    if isinstance(scorer, LinearScorer | NeighbourScorer):
        asked = history.of_linear if isinstance(scorer, LinearScorer) else history.of_neighbours
        found = asked(scorer, user, items)  # type: ignore[arg-type]
        if found.average:
            return NearestLiked("contribution", tuple(() for _ in items))
        return NearestLiked("contribution", _top(found.items, found.values, items, most))
    vectors = item_vectors(scorer)
    if vectors is None:
        return NearestLiked("none", tuple(() for _ in items))
    return NearestLiked("cosine", _top(liked, _cosines(vectors, liked, items), items, most))


def item_vectors(scorer: Scorer) -> FloatArray | None:
    """Shape (num_items, d); None where the model has none."""
    if isinstance(scorer, NetworkScorer):
        return scorer.item_embedding
    return scorer.item_factors if isinstance(scorer, FactorScorer) else None


def _cosines(vectors: FloatArray, rows: IntArray, columns: IntArray) -> Floats:
    """Shape (len(rows), len(columns)); 0 where a vector is zero, as of items that training did not meet."""
    a, b = (_unit(vectors[codes].astype(np.float64)) for codes in (rows, columns))
    return np.asarray(a @ b.T)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units


def _top(candidates: IntArray, values: Floats, items: IntArray, most: int) -> tuple[tuple[Near, ...], ...]:
    rows = []
    for column, item in enumerate(items):
        order = np.lexsort((candidates, -values[:, column]))
        near = (Near(int(candidates[row]), float(values[row, column])) for row in order if candidates[row] != item)
        rows.append(tuple(one for one, _ in zip((each for each in near if each.value > 0), range(most), strict=False)))
    return tuple(rows)

"""Small worlds to evaluate in: ratings divided into parts, and a scorer that is nothing but a table of scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.metrics.result import Evaluation, MetricResult
from experiments.learning.recommenders.base import Fold

SCALE = (1.0, 5.0)


class TableScorer:
    """Scores read from a matrix of shape (users, items); remembers the largest block asked for."""

    def __init__(self, table) -> None:
        self.table = np.asarray(table)
        self.largest_block = 0

    def score_pairs(self, users, items):
        return self.table[users, items]

    def score_block(self, users):
        self.largest_block = max(self.largest_block, len(users))
        return self.table[users].copy()


def fold(rows) -> Fold:
    """From (user, item, value) triples."""
    rows = list(rows)
    return Fold(
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int32),
        np.array([row[2] for row in rows], dtype=np.float32),
    )


@dataclass(frozen=True)
class Scene:
    """Parts as lists of (user, item, value), and the scores of a model."""

    train: tuple
    validation: tuple
    test: tuple
    scores: np.ndarray
    num_items: int

    def evaluate(
        self,
        scores=None,
        *,
        feedback="explicit",
        predicts_ratings=True,
        scorer=None,
        **settings,
    ) -> Evaluation:
        return evaluate(
            scorer or TableScorer(self.scores if scores is None else scores),
            train=fold(self.train),
            validation=fold(self.validation),
            test=fold(self.test),
            num_items=self.num_items,
            feedback=feedback,
            scale=SCALE if feedback == "explicit" else None,
            predicts_ratings=predicts_ratings,
            settings=EvaluationSettings(**settings),
        )

    def with_scores(self, scores) -> Scene:
        return replace(self, scores=np.asarray(scores))


def result(evaluation: Evaluation, name: str, protocol: str = "catalogue", segment: str = "all") -> MetricResult:
    """The one result of this name; a KeyError lists what there is."""
    found = [m for m in evaluation.metrics if (m.name, m.protocol, m.segment) == (name, protocol, segment)]
    if len(found) != 1:
        raise KeyError(f"{name} {protocol} {segment} found {len(found)} times")
    return found[0]


@st.composite
def scenes(draw, max_users: int = 6, max_items: int = 12) -> Scene:
    """Worlds with ties, users without relevant items, cold items, short candidate lists, one user, one item."""
    users = draw(st.integers(1, max_users))
    items = draw(st.integers(1, max_items))
    seed = draw(st.integers(0, 2**32 - 1))
    distinct_scores = draw(st.sampled_from([1, 2, 4, 1000]))
    density = draw(st.sampled_from([0.2, 0.6, 1.0]))
    generator = np.random.default_rng(seed)
    scores = 1 + 4 * generator.integers(0, distinct_scores, (users, items)) / max(distinct_scores - 1, 1)
    parts: dict[int, list] = {0: [], 1: [], 2: []}
    for user in range(users):
        for item in range(items):
            if generator.random() < density:
                part = int(generator.choice(3, p=[0.4, 0.2, 0.4]))
                parts[part].append((user, item, float(generator.integers(1, 6))))
    if not parts[2]:
        parts[2].append((0, 0, 5.0))
        for part in (0, 1):
            parts[part] = [row for row in parts[part] if row[:2] != (0, 0)]
    return Scene(tuple(parts[0]), tuple(parts[1]), tuple(parts[2]), scores.astype(np.float32), items)


def random_scene(
    seed: int, users: int = 60, items: int = 80, ratings: int = 1500, distinct: int | None = None
) -> Scene:
    """A larger world with a long tail, for checks that need numbers rather than corner cases."""
    generator = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, items + 1)
    pairs = set()
    while len(pairs) < ratings:
        drawn = generator.choice(items, size=ratings, p=weights / weights.sum())
        pairs |= set(zip(generator.integers(0, users, ratings).tolist(), drawn.tolist(), strict=True))
    rows = [(user, item, float(generator.integers(1, 6))) for user, item in sorted(pairs)]
    order = generator.permutation(len(rows))
    cut = [int(0.6 * len(rows)), int(0.75 * len(rows))]
    scores = generator.random((users, items)) * 4 + 1
    if distinct:
        scores = 1 + np.floor((scores - 1) / 4 * distinct) / distinct * 4
    parts = [tuple(rows[at] for at in part) for part in np.split(order, cut)]
    return Scene(*parts, scores.astype(np.float32), items)

"""MovieLens 100k: figures that ranx and a plain oracle gave for this very split, measured apart from this code."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.metrics.evaluate import evaluate
from experiments.learning.recommenders.base import Fold
from experiments.tests import realdata
from experiments.tests.metrics.scenes import TableScorer, result

pytestmark = pytest.mark.realdata
USERS, ITEMS = 943, 1682


def part(rows) -> Fold:
    return Fold(rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int32), rows[:, 2].astype(np.float32))


@pytest.fixture(scope="module")
def ratings():
    """Per-user random 80/20 with seed 42, as the measured figures were made."""
    rows = np.loadtxt(realdata.folder("ml-100k") / "u.data", dtype=np.int64)[:, :3] - np.array([1, 1, 0])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    generator = np.random.default_rng(42)
    test = np.zeros(len(rows), dtype=bool)
    for user in range(USERS):
        mine = np.flatnonzero(rows[:, 0] == user)
        test[generator.permutation(mine)[: max(1, round(len(mine) * 0.2))]] = True
    return rows[~test], rows[test]


@pytest.fixture(scope="module")
def popularity(ratings):
    train, test = ratings
    counts = np.bincount(train[:, 1], minlength=ITEMS).astype(np.float32)
    return evaluate(
        TableScorer(np.tile(counts, (USERS, 1))),
        train=part(train),
        validation=part(train[:0]),
        test=part(test),
        num_items=ITEMS,
        feedback="explicit",
        scale=(1, 5),
        predicts_ratings=False,
    )


def test_popularity_and_oracle_of_the_catalogue(popularity):
    precision, recall, ndcg = (result(popularity, f"{key}_at_10") for key in ("precision", "recall", "ndcg"))
    assert (precision.value, recall.value, ndcg.value) == pytest.approx((0.132, 0.137, 0.171), abs=6e-4)
    assert (precision.oracle, recall.oracle, ndcg.oracle) == pytest.approx((0.694, 0.815, 1.0), abs=6e-4)
    assert precision.users_counted == 935
    assert precision.users_left_out == 8


def test_decisions_add_up_to_all_candidates(popularity, ratings):
    train, test = ratings
    counted = np.unique(test[test[:, 2] >= 4, 0])
    candidates = sum(ITEMS - np.count_nonzero(train[:, 0] == user) for user in counted)
    assert sum(popularity.confusion["catalogue"].values()) == candidates


def test_the_user_average_on_the_given_split():
    folder = realdata.folder("ml-100k")
    train, test = (
        np.loadtxt(folder / name, dtype=np.int64)[:, :3] - np.array([1, 1, 0]) for name in ("u1.base", "u1.test")
    )
    counts = np.bincount(train[:, 0], minlength=USERS)
    means = np.bincount(train[:, 0], train[:, 2], USERS) / np.maximum(counts, 1)
    evaluation = evaluate(
        TableScorer(np.tile(means[:, None], (1, ITEMS))),
        train=part(train),
        validation=part(train[:0]),
        test=part(test),
        num_items=ITEMS,
        feedback="explicit",
        scale=(1, 5),
        predicts_ratings=True,
    )
    assert result(evaluation, "rmse", "pointwise").value == pytest.approx(1.06300, abs=1e-5)

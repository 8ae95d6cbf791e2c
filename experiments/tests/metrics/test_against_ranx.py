"""Ranking metrics agree with ranx, an independent library, to 1e-9.

ranx compiles itself with numba on first use, which takes minutes on a fresh machine; here it runs as plain Python.
"""

from __future__ import annotations

import numpy as np
import pytest

from experiments.tests.metrics.by_hand import catalogue_lists
from experiments.tests.metrics.scenes import Scene, random_scene, result


@pytest.fixture(scope="module")
def ranx():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        return pytest.importorskip("ranx")


KS = (3, 10, 100)
NAMES = ("precision", "recall", "ndcg", "map", "mrr", "hit_rate")


def by_ranx(ranx, scene: Scene) -> dict[str, float]:
    """Means over counted users; lists are handed over in order, as ranx has no rule for equal scores."""
    lists = catalogue_lists(scene)
    qrels = ranx.Qrels({str(user): {str(item): 1 for item in relevant} for user, (_, relevant) in lists.items()})
    run = ranx.Run(
        {
            str(user): {str(item): float(len(items) - place) for place, item in enumerate(items)}
            for user, (items, _) in lists.items()
        }
    )
    found = ranx.evaluate(qrels, run, [f"{name}@{k}" for name in NAMES for k in KS])
    return {f"{name}_at_{k}": float(found[f"{name}@{k}"]) for name in NAMES for k in KS}


def tiny(scores, test, train=()) -> Scene:
    scores = np.array(scores, dtype=np.float32)
    return Scene(tuple(train), (), tuple(test), scores, scores.shape[1])


SCENES = {
    "random": random_scene(1),
    "random, other": random_scene(2, users=25, items=300),
    "ties everywhere": random_scene(3, distinct=3),
    "all scores equal": random_scene(4, distinct=1),
    "one user": random_scene(5, users=1, items=60, ratings=40),
    "one item": tiny([[3.0], [2.0]], [(0, 0, 5.0), (1, 0, 2.0)]),
    "k larger than the candidates": tiny(np.eye(2, 5), [(0, 4, 4.0), (0, 1, 5.0), (1, 0, 5.0)], [(1, 3, 4.0)]),
    "users without relevant items": tiny(np.eye(3), [(0, 1, 1.0), (1, 2, 3.5), (2, 2, 4.0)]),
    "everything relevant": tiny(np.eye(2, 4), [(user, item, 5.0) for user in range(2) for item in range(4)]),
}


@pytest.mark.parametrize("name", SCENES)
def test_agrees_with_ranx(ranx, name):
    evaluation = SCENES[name].evaluate(ks=KS)
    for metric, expected in by_ranx(ranx, SCENES[name]).items():
        assert result(evaluation, metric).value == pytest.approx(expected, abs=1e-9), metric


def test_per_user_values_agree_with_ranx(ranx):
    scene = random_scene(6)
    lists = catalogue_lists(scene)
    table = scene.evaluate(ks=KS).per_user
    table = table[table["protocol"] == "catalogue"].set_index("user")
    qrels = ranx.Qrels({str(user): {str(item): 1 for item in relevant} for user, (_, relevant) in lists.items()})
    run = ranx.Run(
        {str(u): {str(item): -float(place) for place, item in enumerate(items)} for u, (items, _) in lists.items()}
    )
    ranx.evaluate(qrels, run, "ndcg@10")
    theirs = {int(user): value for user, value in run.scores["ndcg@10"].items()}
    assert table["ndcg_at_10"].to_dict() == pytest.approx(theirs, abs=1e-9)

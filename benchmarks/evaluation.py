"""Speed of the metrics from ready scores, side by side with ranx and scikit-learn; prints one JSON line a figure.

    python -m benchmarks.evaluation [--reps 5] [--shapes 943x1682,6040x3706] [--hybrid]

``--hybrid`` also fits the hybrid for one epoch (TensorFlow is loaded) and times evaluate() with its scoring.

Every pair is timed in turn in one process, after a warm-up of both (ranx compiles itself first); figures are medians,
and ``ratio`` is theirs / ours. Ratings are MovieLens 100k where the shape is 943x1682 and the data is found
(MLOPSPRO_SAMPLE_DATA, or ../shared/data beside the repository), else random ones with a long tail. Scores are random
with a bias, in float32. Ours starts from the score matrix, masks what was seen and finds the lists; ranx is handed
finished lists, and its time is that of building Qrels and Run and of evaluate().
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.learning.metrics.curves import curves
from experiments.learning.metrics.evaluate import evaluate
from experiments.learning.metrics.lines import list_table
from experiments.learning.metrics.ndcg import ndcg_at_k
from experiments.learning.metrics.pairs import PairSet
from experiments.learning.metrics.precision import precision_at_k
from experiments.learning.metrics.recall import recall_at_k
from experiments.learning.metrics.settings import EvaluationSettings
from experiments.learning.metrics.topk import mask_seen, ranks, top_k
from experiments.learning.recommenders.base import Fold, Scorer, TrainingData

KS = (10, 50, 100)


class TableScorer:
    """Ready scores, so that only the evaluation is timed."""

    def __init__(self, table):
        self.table = table

    def score_pairs(self, users, items):
        return self.table[users, items]

    def score_block(self, users):
        return self.table[users].copy()


class World:
    """Ratings in three parts, scores of every user and item, and what the peers need to be handed."""

    def __init__(self, users: int, items: int):
        rows, self.source = ratings(users, items)
        order = np.random.default_rng(42).permutation(len(rows))
        self.parts = [rows[part] for part in np.split(order, [int(0.72 * len(rows)), int(0.8 * len(rows))])]
        generator = np.random.default_rng(0)
        taste = generator.normal(size=items) * 0.5
        self.scores = (3 + taste + generator.normal(size=(users, items))).astype(np.float32)
        self.num_items = items
        known, test = np.concatenate(self.parts[:2]), self.parts[2]
        liked = test[test[:, 2] >= 4]
        self.seen = PairSet.of(known[:, 0], known[:, 1], items)
        self.relevant = PairSet.of(liked[:, 0], liked[:, 1], items).without(self.seen)
        self.users = self.relevant.users()

    def fold(self, part: int) -> Fold:
        rows = self.parts[part]
        return Fold(rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int32), rows[:, 2].astype(np.float32))

    def blocks(self):
        """(users, masked scores) block by block."""
        step = EvaluationSettings().users_per_block(self.num_items)
        for start in range(0, len(self.users), step):
            users = self.users[start : start + step]
            scores = self.scores[users]
            mask_seen(scores, *self.seen.block(users))
            yield users, scores

    def lists(self, k: int):
        return np.concatenate([top_k(scores, k) for _, scores in self.blocks()])


def ratings(users: int, items: int):
    """(user, item, rating) rows and where they are from."""
    given = os.environ.get("MLOPSPRO_SAMPLE_DATA")
    root = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    file = root / "ml-100k" / "u.data"
    if (users, items) == (943, 1682) and file.is_file():
        return np.loadtxt(file, dtype=np.int64)[:, :3] - np.array([1, 1, 0]), "movielens-100k"
    generator = np.random.default_rng(1)
    weights = 1 / np.arange(1, items + 1) ** 0.6
    drawn = generator.choice(items, size=users * 160, p=weights / weights.sum())
    keys = np.unique(np.repeat(np.arange(users), 160) * items + drawn)
    return np.column_stack([*np.divmod(keys, items), generator.integers(1, 6, len(keys))]), "random"


def side_by_side(name: str, world: World, reps: int, ours: Callable, theirs: dict[str, Callable]) -> None:
    """Times ours and each peer in turn; the results must agree before a figure is printed."""
    expected = ours()
    for peer in theirs.values():
        np.testing.assert_allclose(peer(), expected, atol=1e-9)
    taken: dict[str, list[float]] = {"ours": [], **{peer: [] for peer in theirs}}
    for _ in range(reps):
        for who, run in {"ours": ours, **theirs}.items():
            start = time.perf_counter()
            run()
            taken[who].append(time.perf_counter() - start)
    medians = {who: statistics.median(times) for who, times in taken.items()}
    shape = f"{world.scores.shape[0]}x{world.num_items}"
    for peer in theirs:
        line = {
            "what": name,
            "shape": shape,
            "data": world.source,
            "users": len(world.users),
            "ours_s": round(medians["ours"], 5),
            "peer": peer,
            "peer_s": round(medians[peer], 5),
            "ratio": round(medians[peer] / medians["ours"], 2),
            "reps": reps,
        }
        print(json.dumps(line), flush=True)


def three_metrics(world: World, k: int) -> list[float]:
    """Precision, recall and NDCG at k, as ours computes them."""
    found = []
    for users, scores in world.blocks():
        lists, relevant = top_k(scores, k), world.relevant.counts(users)
        hits = np.take_along_axis(world.relevant.dense(users), lists, axis=1)
        found.append([metric(hits, relevant, k) for metric in (precision_at_k, recall_at_k, ndcg_at_k)])
    return [float(np.concatenate(values).mean()) for values in zip(*found, strict=True)]


def all_metrics(world: World) -> list[float]:
    """Six metrics at three k."""
    tables = []
    for users, scores in world.blocks():
        lists = top_k(scores, KS[-1])
        hits = np.take_along_axis(world.relevant.dense(users), lists, axis=1)
        tables.append(list_table(hits, world.relevant.counts(users), KS))
    return [float(np.concatenate([table[name] for table in tables]).mean()) for name in tables[0]]


def by_ranx(world: World, k: int, metrics: list[str]) -> Callable[[], list[float]]:
    """ranx from finished lists, handed over as its users write them: dictionaries of text to number."""
    from ranx import Qrels, Run
    from ranx import evaluate as ranx_evaluate

    lists = world.lists(k)
    rows, items = world.relevant.block(world.users)
    qrels: dict[str, dict[str, int]] = {}
    for row, item in zip(rows.tolist(), items.tolist(), strict=True):
        qrels.setdefault(str(row), {})[str(item)] = 1
    run = {
        str(row): {str(item): float(k - at) for at, item in enumerate(mine)} for row, mine in enumerate(lists.tolist())
    }

    def measure() -> list[float]:
        found = ranx_evaluate(Qrels(qrels), Run(run), metrics)
        return [float(found[name]) for name in metrics]

    return measure


def areas(world: World) -> list[float]:
    """Area under ROC and average precision over all decisions, as ours computes them: from ranks alone."""
    items = world.num_items
    positives, sizes = np.zeros(items, dtype=np.int64), np.zeros(items + 1, dtype=np.int64)
    for users, scores in world.blocks():
        places = ranks(scores, np.sort(scores, axis=1), *world.relevant.block(users))
        positives += np.bincount(places, minlength=items)
        sizes += np.bincount(items - world.seen.counts(users), minlength=items + 1)
    decisions = sizes.sum() - np.cumsum(sizes)[:items]
    roc, pr = curves(np.arange(1, items + 1), positives, decisions - positives, 200)
    return [roc["area"], pr["area"]]


def by_scikit(world: World) -> Callable[[], list[float]]:
    """scikit-learn from every decision's place in its list, made ready beforehand."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    relevant, places = [], []
    for users, scores in world.blocks():
        order = np.argsort(-scores, axis=1, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(world.num_items)[None, :], axis=1)
        candidate = ~np.isneginf(scores)
        relevant.append(world.relevant.dense(users)[candidate])
        places.append(-place[candidate])
    labels, values = np.concatenate(relevant), np.concatenate(places)
    return lambda: [float(roc_auc_score(labels, values)), float(average_precision_score(labels, values))]


def whole_evaluation(world: World, scorer: Scorer, what: str, reps: int) -> None:
    """evaluate() with both protocols, reference lines, segments and curves; there is no peer that does this."""
    taken = []
    for _ in range(reps + 1):
        start = time.perf_counter()
        evaluation = evaluate(
            scorer,
            train=world.fold(0),
            validation=world.fold(1),
            test=world.fold(2),
            num_items=world.num_items,
            feedback="explicit",
            scale=(1, 5),
            predicts_ratings=True,
        )
        taken.append(time.perf_counter() - start)
    line = {
        "what": f"evaluate(), both protocols, {what}",
        "shape": f"{world.scores.shape[0]}x{world.num_items}",
        "data": world.source,
        "metrics": len(evaluation.metrics),
        "ours_s": round(statistics.median(taken[1:]), 4),
        "reps": reps,
    }
    print(json.dumps(line), flush=True)


class Silent:
    """An observer that wants to know nothing."""

    def on_start(self, *, epochs, total_parameters):
        pass

    def on_epoch(self, epoch, values, save):
        pass

    def log(self, message):
        pass


def hybrid(world: World) -> Scorer:
    """The hybrid after one epoch; how fast it scores does not depend on how well it is trained."""
    from experiments.learning.recommenders.registry import get

    users, items = world.scores.shape
    none = np.zeros((users, 0), np.float32), np.zeros((items, 20), np.float32)
    names = (), tuple(f"feature {number}" for number in range(20))
    data = TrainingData(world.fold(0), world.fold(1), users, items, "explicit", (1, 5), *none, *names)
    architecture = get("hybrid")
    return architecture.fit(data, architecture.validate({"epochs": 1}), seed=0, observer=Silent()).scorer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--shapes", default="943x1682,6040x3706")
    parser.add_argument("--hybrid", action="store_true")
    chosen = parser.parse_args()
    for shape in chosen.shapes.split(","):
        world = World(*map(int, shape.split("x")))
        three = [f"{name}@10" for name in ("precision", "recall", "ndcg")]
        six = [f"{name}@{k}" for k in KS for name in ("precision", "recall", "ndcg", "map", "mrr", "hit_rate")]
        ranx = {"ranx": by_ranx(world, 10, three)}
        side_by_side("P, R, NDCG at 10", world, chosen.reps, lambda world=world: three_metrics(world, 10), ranx)
        ranx = {"ranx": by_ranx(world, KS[-1], six)}
        side_by_side("six metrics at 10, 50, 100", world, chosen.reps, lambda world=world: all_metrics(world), ranx)
        scikit = {"scikit-learn": by_scikit(world)}
        side_by_side("ROC and PR areas", world, chosen.reps, lambda world=world: areas(world), scikit)
        whole_evaluation(world, TableScorer(world.scores), "from ready scores", chosen.reps)
        if chosen.hybrid:
            whole_evaluation(world, hybrid(world), "scoring by the hybrid included", chosen.reps)


if __name__ == "__main__":
    main()

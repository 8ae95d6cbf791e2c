"""nDCG@10 of every architecture on MovieLens 100k under two published protocols, at its defaults.

    python -m benchmarks.ranking_quality [--only ease,bpr] [--without-keras] [--part validation]
        [--seed 1] [--split-seed 1] [--set ease.regularization=200]

per_item: the protocol of Microsoft's Recommenders benchmark: 75/25 of each item's ratings drawn at random, every test
rating is relevant. per_user: 80/20 of each user's, test ratings of 4 and 5 are relevant. Both rank every item outside
the user's training part; both draw exactly as the peers' scripts do (seed 42), so their figures stand beside ours.

Defaults were chosen with ``--part validation``: the training part divided once more in the same way (seed 7), the test
part untouched. What is measured on the test part is fitted on the whole training part. One JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings import Quiet, folder, movielens_100k, rmse
from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.splits import Split
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.recommenders.registry import ARCHITECTURES

Rows = NDArray[np.int64]
SEED, VALIDATION_SEED = 42, 7
NO_ROWS = np.zeros(0, np.int64)


def in_file_order(data: Interactions) -> Rows:
    """Rows of ``data`` in the order of u.data, which the draw of the per-item protocol depends on."""
    key = numbers(data.user_ids, data.user) * 10_000 + numbers(data.item_ids, data.item)
    listed = np.loadtxt(folder("ml-100k") / "u.data", dtype=np.int64, usecols=(0, 1))
    order = np.argsort(key)
    rows: Rows = order[np.searchsorted(key[order], listed[:, 0] * 10_000 + listed[:, 1])]
    return rows


def numbers(ids: NDArray[np.str_], codes: NDArray[np.int32]) -> Rows:
    """The identifiers that MovieLens gives, as numbers."""
    found: Rows = ids.astype(np.int64)[codes]
    return found


def per_item(data: Interactions, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """(train, test): of each item's ratings, in the order of one random number a row, those past 75 % are test."""
    draw = np.random.RandomState(seed).rand(len(rows))
    order = np.lexsort((draw, data.item[rows]))
    item = data.item[rows][order]
    count = np.bincount(item, minlength=data.num_items)
    first = np.cumsum(count) - count
    tested = (np.arange(len(rows)) - first[item] + 1) / count[item] > 0.75
    return np.sort(rows[order[~tested]]), np.sort(rows[order[tested]])


def per_user(data: Interactions, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """(train, test): a fifth of each user's ratings, rounded, at least one."""
    user, item = numbers(data.user_ids, data.user[rows]), numbers(data.item_ids, data.item[rows])
    order = rows[np.lexsort((item, user))]
    generator = np.random.default_rng(seed)
    groups = np.split(order, np.flatnonzero(np.diff(data.user[order])) + 1)
    tested = np.concatenate([generator.permutation(group)[: max(1, round(len(group) * 0.2))] for group in groups])
    return np.setdiff1d(rows, tested), np.sort(tested)


@dataclass(frozen=True)
class Protocol:
    divide: Callable[[Interactions, Rows, int], tuple[Rows, Rows]]
    relevant_from: float
    says: str


PROTOCOLS = {
    "per_item": Protocol(per_item, 1.0, "per-item random 75/25, every test rating relevant, all unseen items, k = 10"),
    "per_user": Protocol(per_user, 4.0, "per-user random 80/20, rating >= 4 relevant, all unseen items, k = 10"),
}


def divided(name: str, part: str, split_seed: int = SEED) -> Split:
    """What is fitted on and what is measured on; nothing is held out for early stopping."""
    data, protocol = movielens_100k(), PROTOCOLS[name]
    train, test = protocol.divide(data, in_file_order(data), split_seed)
    if part == "validation":
        train, test = protocol.divide(data, train, VALIDATION_SEED)
    return Split(train=train, validation=NO_ROWS, test=test)


def measure(
    key: str, name: str, part: str, changes: dict[str, str], *, seed: int = SEED, split_seed: int = SEED
) -> dict[str, Any]:
    data, split = movielens_100k(), divided(name, part, split_seed)
    learnt_from = training_data(data, split)
    architecture = ARCHITECTURES[key]
    started = time.perf_counter()
    fitted = architecture.fit(learnt_from, architecture.validate(changes), seed=seed, observer=Quiet())
    fit_seconds = time.perf_counter() - started
    train, validation, test = folds(data, split)
    evaluation = evaluate(
        fitted.scorer,
        train=train,
        validation=validation,
        test=test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=False,
        settings=EvaluationSettings(relevant_from=PROTOCOLS[name].relevant_from),
    )
    found = {metric.name: metric for metric in evaluation.metrics if metric.segment == "all"}
    rated = {"rmse": round(rmse(fitted, test, data.scale or (1.0, 5.0)), 4)} if fitted.predicts_ratings else {}
    return {
        **{at: round(found[at].value or 0.0, 4) for at in ("ndcg_at_10", "precision_at_10", "recall_at_10")},
        **rated,
        "fit_seconds": round(fit_seconds, 2),
        "evaluate_seconds": round(time.perf_counter() - started - fit_seconds, 2),
    }


def changes_of(given: list[str]) -> dict[str, dict[str, str]]:
    """``["ease.regularization=200"]`` by architecture."""
    changes: dict[str, dict[str, str]] = {}
    for text in given:
        key, _, rest = text.partition(".")
        name, _, value = rest.partition("=")
        changes.setdefault(key, {})[name] = value
    return changes


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join(ARCHITECTURES))
    arguments.add_argument("--without-keras", action="store_true", help="leave out the architectures fitted by Keras")
    arguments.add_argument("--protocol", default=",".join(PROTOCOLS))
    arguments.add_argument("--part", choices=("test", "validation"), default="test")
    arguments.add_argument("--seed", type=int, default=SEED, help="of the fit")
    arguments.add_argument("--split-seed", type=int, default=SEED, help="of the protocol's draw; 42 is the peers'")
    arguments.add_argument("--set", action="append", default=[], metavar="ARCHITECTURE.NAME=VALUE")
    given = arguments.parse_args()
    changes = changes_of(given.set)
    for key in given.only.split(","):
        if given.without_keras and ARCHITECTURES[key].framework == "keras":
            continue
        for name in given.protocol.split(","):
            seeds = {"seed": given.seed, "split_seed": given.split_seed}
            figures = measure(key, name, given.part, changes.get(key, {}), **seeds)
            line = {
                "benchmark": "ranking_quality",
                "architecture": key,
                "protocol": PROTOCOLS[name].says,
                "part": given.part,
                **seeds,
                "changes": changes.get(key, {}),
                **figures,
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

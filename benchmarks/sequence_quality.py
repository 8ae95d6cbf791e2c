"""NDCG@10 on MovieLens 100k of what reads histories in their order, beside what does not, in one run.

    python -m benchmarks.sequence_quality [--only sasrec,ease] [--part validation] [--set sasrec.dropout=0.2]

Leave-last-out by time (learning/data/splits.py): each user's last rating is the test part, learnt from is everything
before it; 4 and 5 are relevant, every item outside what was learnt from is a candidate. Defaults were chosen with
``--part validation``: the rating before the last is measured, the last untouched. One JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from benchmarks.ranking_quality import changes_of
from benchmarks.ratings import Quiet, movielens_100k
from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.splits import Split, SplitSpec, split
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.recommenders.registry import ARCHITECTURES

COMPARED = "popularity,item_knn,ease,sasrec,bert4rec"
PROTOCOL = "leave-last-out by time, rating >= 4 relevant, all unseen items, k = 10"
METRICS = ("ndcg_at_10", "recall_at_10", "mrr_at_10", "coverage_at_10")
NO_ROWS = np.zeros(0, np.int64)


def divided(part: str) -> Split:
    """What is fitted on and what is measured on; nothing is held out for early stopping."""
    parts = split(movielens_100k(), SplitSpec("leave_last_out"))
    if part == "validation":
        return Split(train=parts.train, validation=NO_ROWS, test=parts.validation)
    return Split(train=np.sort(np.concatenate([parts.train, parts.validation])), validation=NO_ROWS, test=parts.test)


def measure(key: str, part: str, changes: dict[str, str], seed: int) -> dict[str, Any]:
    data, parts = movielens_100k(), divided(part)
    learnt_from = training_data(data, parts)
    architecture = ARCHITECTURES[key]
    started = time.perf_counter()
    fitted = architecture.fit(learnt_from, architecture.validate(changes), seed=seed, observer=Quiet())
    fit_seconds = time.perf_counter() - started
    train, validation, test = folds(data, parts)
    evaluation = evaluate(
        fitted.scorer,
        train=train,
        validation=validation,
        test=test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=False,
        settings=EvaluationSettings(relevant_from=4.0),
    )
    found = {metric.name: metric for metric in evaluation.metrics if metric.segment == "all"}
    return {
        **{name: round(found[name].value or 0.0, 4) for name in METRICS if name in found},
        "fit_seconds": round(fit_seconds, 1),
        "evaluate_seconds": round(time.perf_counter() - started - fit_seconds, 2),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join(key for key in COMPARED.split(",") if key in ARCHITECTURES))
    arguments.add_argument("--part", choices=("test", "validation"), default="test")
    arguments.add_argument("--seed", type=int, default=42)
    arguments.add_argument("--set", action="append", default=[], metavar="ARCHITECTURE.NAME=VALUE")
    given = arguments.parse_args()
    changes = changes_of(given.set)
    for key in given.only.split(","):
        line = {
            "benchmark": "sequence_quality",
            "architecture": key,
            "protocol": PROTOCOL,
            "part": given.part,
            "seed": given.seed,
            "changes": changes.get(key, {}),
            **measure(key, given.part, changes.get(key, {}), given.seed),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

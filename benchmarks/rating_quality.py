"""RMSE of every architecture on MovieLens 100k's given splits u1–u5, at its defaults.

    python -m benchmarks.rating_quality [--only hybrid,item_knn] [--seeds 1] [--validation-share 0.1]

A part of the training files is held out for validation (early stopping); the test files are only measured on.
Goal: mean RMSE of hybrid_biased at most 0.915. Printed beside: user + item bias (damped), the reference every
model must beat. One JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from benchmarks.ratings import Quiet, movielens_100k, parts, rmse
from experiments.learning.data.splits import SplitSpec
from experiments.learning.recommenders.base import Fitted, TrainingData
from experiments.learning.recommenders.biases import damped_biases
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.learning.recommenders.scorers.factors import FactorScorer

SPLITS = ("u1", "u2", "u3", "u4", "u5")
CHANGES: dict[str, dict[str, Any]] = {"popularity": {"score": "damped_mean"}}
"""Popularity predicts ratings only when it averages them."""
BASELINE = "user_and_item_bias"


def fit(key: str, data: TrainingData, seed: int) -> Fitted:
    if key == BASELINE:
        found = damped_biases(data)
        none = {
            "user_factors": np.zeros((data.num_users, 1), "f4"),
            "item_factors": np.zeros((data.num_items, 1), "f4"),
        }
        scorer = FactorScorer(**none, user_bias=found.user, item_bias=found.item, offset=found.offset)
        return Fitted(scorer, predicts_ratings=True)
    architecture = ARCHITECTURES[key]
    parameters = architecture.validate(CHANGES.get(key, {}))
    return architecture.fit(data, parameters, seed=seed, observer=Quiet())


def measure(key: str, seeds: int, validation_share: float) -> dict[str, Any]:
    errors, seconds, epochs = [], [], []
    for name in SPLITS:
        interactions = movielens_100k(name)
        for seed in range(seeds):
            spec = SplitSpec(method="given", validation_share=validation_share, seed=seed)
            data, test = parts(interactions, spec)
            start = time.perf_counter()
            fitted = fit(key, data, seed)
            seconds.append(round(time.perf_counter() - start, 2))
            errors.append(rmse(fitted, test, interactions.scale or (1.0, 5.0)))
            epochs.append(fitted.best_epoch)
    return {
        "rmse_mean": round(float(np.mean(errors)), 4),
        "rmse": [round(error, 4) for error in errors],
        "best_epoch": epochs,
        "fit_seconds": seconds,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join([BASELINE, *ARCHITECTURES]))
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument("--validation-share", type=float, default=0.1)
    given = arguments.parse_args()
    for key in given.only.split(","):
        figures = measure(key, given.seeds, given.validation_share)
        print(json.dumps({"benchmark": "rating_quality", "architecture": key, "splits": SPLITS, **figures}), flush=True)


if __name__ == "__main__":
    main()

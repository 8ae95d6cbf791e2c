"""Real ratings for the benchmarks, through the product's own reader, split and features."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import numpy as np

from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.imports import load
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.splits import Split, SplitSpec, split
from experiments.learning.recommenders.base import Fitted, Fold, TrainingData


def folder(name: str) -> Path:
    """MLOPSPRO_SAMPLE_DATA, else ../shared/data beside the repository; ends the program where there is none."""
    given = os.environ.get("MLOPSPRO_SAMPLE_DATA")
    root = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (root / name).is_dir():
        sys.exit(f"No data set {name} in {root}; set MLOPSPRO_SAMPLE_DATA to the folder that holds it.")
    return root / name


@cache
def movielens_100k(given_split: str | None = None) -> Interactions:
    return load({"interactions": folder("ml-100k")}, options=ReadOptions(split=given_split)).interactions


def parts(interactions: Interactions, spec: SplitSpec) -> tuple[TrainingData, Fold]:
    """(what a fit is given, the test part)."""
    divided = split(interactions, spec)
    return training_data(interactions, divided), folds(interactions, divided)[2]


def rmse(fitted: Fitted, test: Fold, scale: tuple[float, float]) -> float:
    """Over all test ratings, predictions clipped to the scale (decision D2)."""
    predicted = np.clip(fitted.scorer.score_pairs(test.user, test.item), *scale)
    return float(np.sqrt(np.mean((predicted.astype(np.float64) - test.value) ** 2)))


def parts_without_validation(interactions: Interactions, spec: SplitSpec) -> tuple[TrainingData, Fold]:
    """As :func:`parts`, with the validation part learnt from as well."""
    divided = split(interactions, spec)
    train = np.sort(np.concatenate([divided.train, divided.validation]))
    whole = Split(train=train, validation=np.zeros(0, np.int64), test=divided.test)
    return training_data(interactions, whole), folds(interactions, whole)[2]


class Quiet:
    """An observer that keeps nothing."""

    def on_start(self, **_: object) -> None: ...

    def on_epoch(self, *_: object) -> None: ...

    def log(self, message: str) -> None: ...

"""Small data with a structure that can be learnt, and an observer that remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.learning.recommenders.base import Fitted, Fold, StopTraining, TrainingData

QUICK: dict[str, dict[str, Any]] = {
    "hybrid": {"epochs": 4, "batch_size": 32, "embedding_dim": 8},
    "hybrid_biased": {"epochs": 4, "batch_size": 32, "embedding_dim": 8, "early_stopping_patience": 2},
    "matrix_factorization": {"epochs": 4, "embedding_dim": 6},
    "bayesian_factorization": {"epochs": 4, "embedding_dim": 6},
    "ease": {"regularization": 5},
    "implicit_als": {"epochs": 4, "embedding_dim": 6, "regularization": 1},
    "bpr": {"epochs": 4, "embedding_dim": 6, "batch_size": 32},
    "two_tower": {"epochs": 4, "embedding_dim": 8, "hidden_units": 8, "batch_size": 32},
    "sasrec": {"epochs": 4, "embedding_dim": 8, "max_length": 6, "blocks": 1, "batch_size": 16},
    "bert4rec": {"epochs": 4, "embedding_dim": 8, "max_length": 6, "blocks": 1, "batch_size": 16},
    "item_knn": {"neighbours": 10},
    "popularity": {},
}
"""Parameters with which a fit of tiny data takes about a second."""

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "hybrid_ranking": ("hybrid", {"objective": "ranking"}),
    "hybrid_joint": ("hybrid", {"objective": "joint"}),
}
"""Architectures whose parameters change what they learn; the contract holds for each."""


def fold(user: Any, item: Any, value: Any) -> Fold:
    """One row a second."""
    return Fold(
        np.asarray(user, np.int32),
        np.asarray(item, np.int32),
        np.asarray(value, np.float32),
        np.arange(len(user), dtype=np.int64),
    )


def ratings(
    users: int = 30, items: int = 20, rows: int = 300, seed: int = 0, feedback: Any = "explicit"
) -> TrainingData:
    """Ratings 1–5 from biases and one taste; every fourth row is validation. User 0 and item 0 are never in train."""
    generator = np.random.default_rng(seed)
    pairs = generator.permutation(users * items)[:rows]
    user, item = pairs // items, pairs % items
    taste = np.outer(generator.normal(size=users), generator.normal(size=items))
    level = 3 + generator.normal(0, 0.5, users)[:, None] + generator.normal(0, 0.5, items) + taste
    value = np.clip(np.round(level[user, item]), 1, 5) if feedback == "explicit" else np.ones(rows)
    held_out = (np.arange(rows) % 4 == 0) | (user == 0) | (item == 0)
    return TrainingData(
        train=fold(user[~held_out], item[~held_out], value[~held_out]),
        validation=fold(user[held_out], item[held_out], value[held_out]),
        num_users=users,
        num_items=items,
        feedback=feedback,
        scale=(1.0, 5.0) if feedback == "explicit" else None,
        user_features=generator.normal(size=(users, 2)).astype(np.float32),
        item_features=generator.normal(size=(items, 3)).astype(np.float32),
    )


class Recorder:
    """Keeps what a fit reports; checkpoints into ``folder``; raises StopTraining after epoch ``stop_after``."""

    def __init__(self, folder: Path | None = None, stop_after: int | None = None) -> None:
        self.folder, self.stop_after = folder, stop_after
        self.started: dict[str, int] = {}
        self.epochs: dict[int, dict[str, float]] = {}
        self.lines: list[str] = []

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        self.started = {"epochs": epochs, "total_parameters": total_parameters}
        if self.stop_after == 0:
            raise StopTraining

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        self.epochs[epoch] = dict(values)
        if self.folder is not None:
            target = self.folder / str(epoch)
            target.mkdir()
            save(target)
        if epoch == self.stop_after:
            raise StopTraining

    def log(self, message: str) -> None:
        self.lines.append(message)


def all_scores(fitted: Fitted, data: TrainingData) -> np.ndarray:
    return fitted.scorer.score_block(np.arange(data.num_users, dtype=np.int32))


def squared_error(fitted: Fitted, part: Fold) -> float:
    error = fitted.scorer.score_pairs(part.user, part.item).astype(np.float64) - part.value
    return float(np.mean(error**2))

"""Refuses training data that contradicts itself before a fit spends time on it."""

from __future__ import annotations

import numpy as np

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold, TrainingData
from experiments.learning.recommenders.errors import UnusableData


def check_training_data(data: TrainingData) -> None:
    """Raises UnusableData, naming the field, the value found and what is accepted."""
    for name in ("num_users", "num_items"):
        if getattr(data, name) < 1:
            raise UnusableData(f"{name} is {getattr(data, name)}; accepted: 1 or more.")
    _check_fold("train", data.train, data)
    _check_fold("validation", data.validation, data)
    if len(data.train) == 0:
        raise UnusableData("train has 0 interactions; accepted: 1 or more.")
    _check_features("user_features", data.user_features, data.num_users)
    _check_features("item_features", data.item_features, data.num_items)


def _check_fold(name: str, fold: Fold, data: TrainingData) -> None:
    lengths = {"user": len(fold.user), "item": len(fold.item), "value": len(fold.value)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{field} {length}" for field, length in lengths.items())
        raise UnusableData(f"{name} has arrays of different lengths ({found}); accepted: one length for all.")
    check_codes(f"{name}.user", fold.user, data.num_users)
    check_codes(f"{name}.item", fold.item, data.num_items)
    bad = ~np.isfinite(fold.value)
    if bad.any():
        row = int(np.argmax(bad))
        raise UnusableData(f"{name}.value is {fold.value[row]} in row {row}; accepted: finite numbers.")


def check_codes(name: str, codes: IntArray, limit: int) -> None:
    """Raises UnusableData where a code lies outside [0, limit); NumPy alone would wrap a negative one silently."""
    if codes.ndim != 1:
        raise UnusableData(f"{name} has shape {codes.shape}; accepted: one dimension.")
    if not np.issubdtype(codes.dtype, np.integer):
        raise UnusableData(f"{name} has type {codes.dtype}; accepted: whole numbers.")
    if len(codes) and (codes.min() < 0 or codes.max() >= limit):
        wrong = codes[(codes < 0) | (codes >= limit)][0]
        raise UnusableData(f"{name} holds the code {wrong}; accepted: 0 to {limit - 1}.")


def _check_features(name: str, features: FloatArray, rows: int) -> None:
    if features.ndim != 2 or features.shape[0] != rows:
        raise UnusableData(f"{name} has shape {features.shape}; accepted: ({rows}, any number of columns).")
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise UnusableData(
            f"{name} is {features[row, column]} in row {row}, column {column}; accepted: finite numbers."
        )

"""What a peer is given, as a folder of arrays and one of JSON: it knows neither the database nor the run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.recommenders.base import Fold, TrainingData

_ARRAYS, _ORDER = "data.npz", "order.json"
_FOLDS = ("train", "validation")
_FEATURES = ("user_features", "item_features")


@dataclass(frozen=True)
class Order:
    """Which fit. ``checkpoint``: the folder to go on from, or none. ``workers``: addresses for TensorFlow's own
    transport, none for sockets."""

    architecture: str
    parameters: dict[str, Any]
    seed: int
    checkpoint: str | None
    size: int
    workers: list[str]


def write(folder: Path, order: Order, data: TrainingData) -> None:
    arrays = {name: getattr(data, name) for name in _FEATURES}
    for name in _FOLDS:
        fold: Fold = getattr(data, name)
        arrays |= {f"{name}.user": fold.user, f"{name}.item": fold.item, f"{name}.value": fold.value}
        if fold.timestamp is not None:
            arrays[f"{name}.timestamp"] = fold.timestamp
    np.savez(folder / _ARRAYS, allow_pickle=False, **arrays)
    said = {
        "num_users": data.num_users,
        "num_items": data.num_items,
        "feedback": data.feedback,
        "scale": data.scale,
        "user_feature_names": data.user_feature_names,
        "item_feature_names": data.item_feature_names,
    }
    (folder / _ORDER).write_text(json.dumps({"order": asdict(order), "data": said}))


def read(folder: Path) -> tuple[Order, TrainingData]:
    document = json.loads((folder / _ORDER).read_text())
    with np.load(folder / _ARRAYS, allow_pickle=False) as stored:
        arrays = dict(stored)
    said = document["data"]
    data = TrainingData(
        train=_fold(arrays, "train"),
        validation=_fold(arrays, "validation"),
        num_users=said["num_users"],
        num_items=said["num_items"],
        feedback=said["feedback"],
        scale=tuple(said["scale"]) if said["scale"] else None,
        user_features=arrays["user_features"],
        item_features=arrays["item_features"],
        user_feature_names=tuple(said["user_feature_names"]),
        item_feature_names=tuple(said["item_feature_names"]),
    )
    return Order(**document["order"]), data


def _fold(arrays: dict[str, NDArray[Any]], name: str) -> Fold:
    return Fold(
        arrays[f"{name}.user"], arrays[f"{name}.item"], arrays[f"{name}.value"], arrays.get(f"{name}.timestamp")
    )

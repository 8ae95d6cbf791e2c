"""What the synthetic example of each family looks like: its columns, its first rows and the truth behind it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.data import synthetic
from experiments.learning.data.interactions import Interactions
from experiments.learning.families import Family
from experiments.learning.tabular.synthetic import SYNTHETIC

SAMPLE = 20


@dataclass(frozen=True)
class Sketch:
    """JSON-able. ``schema`` has {name, type, role, description} a column; ``truth`` holds "process", in words."""

    schema: list[dict[str, str]]
    sample_rows: list[dict[str, Any]]
    truth: dict[str, Any]


def sketch(family: Family, seed: int, **sizes: int) -> Sketch:
    """The same arguments give the same sketch, and it is of the data that the import of this seed makes.

    Raises DatasetError for sizes that the generator refuses.
    """
    if family is Family.RECOMMENDATION:
        return _of_ratings(synthetic.generate(seed, **sizes))  # type: ignore[arg-type]
    table = SYNTHETIC[family](seed, **sizes)
    return Sketch(
        schema=[dict(column) for column in table.columns],
        sample_rows=_rows(table.frame),
        truth=_plain({**table.truth, "process": table.process}),
    )


def _of_ratings(data: Interactions) -> Sketch:
    some = slice(0, SAMPLE)
    frame = pd.DataFrame(
        {
            "user": np.asarray(data.user_ids)[data.user[some]],
            "item": np.asarray(data.item_ids)[data.item[some]],
            "value": data.value[some].astype(float),
        }
    )
    if data.timestamp is not None:
        frame["timestamp"] = pd.to_datetime(data.timestamp[some], unit="s", utc=True)
    described = [
        ("user", "id", "user", "Who rated."),
        ("item", "id", "item", "What was rated."),
        ("value", "number", "value", "Whole stars, 1 to 5."),
        ("timestamp", "datetime", "timestamp", "When."),
        *((str(name), "category", "user_features", "Of the user.") for name in _columns(data.users)),
        *((str(name), "category", "item_features", "Of the item.") for name in _columns(data.items)),
    ]
    names = ("name", "type", "role", "description")
    return Sketch(
        schema=[dict(zip(names, column, strict=True)) for column in described],
        sample_rows=_rows(frame),
        truth={
            "strengths": dataclasses.asdict(synthetic.Strengths()),
            "process": "stars = level + mildness of the user + quality of the item + taste x genres + hidden traits "
            "+ noise, rounded and kept within 1 to 5; people choose what they like. See docs/synthetic-data.md.",
        },
    )


def _columns(features: Any) -> list[Any]:
    return list(features.columns) if features is not None else []


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.head(SAMPLE).to_dict("records")]


def _plain(value: Any) -> Any:
    """JSON: no numpy types, no NaN, times in ISO 8601."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int, str)) else str(value)

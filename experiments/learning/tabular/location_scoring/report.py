"""What pages show of a model of places: where it errs, predicted against actual, and which columns it leans on."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.learning.tabular.base import Floats, Rows, TablePart, TableSplit, TabularData, TabularFitted
from experiments.learning.tabular.blocks import squares
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.importance import permutation_importance

MOST_POINTS = 500
MOST_BLOCKS = 200


def details(
    fitted: list[TabularFitted],
    data: TabularData,
    parts: list[TablePart],
    split: TableSplit,
    rows: Rows,
    actual: Floats,
    predicted: Floats,
) -> dict[str, Any]:
    """JSON-able: places (at most 500: latitude, longitude, actual, predicted, residual), blocks, importance, model."""
    latitude = known_numbers(data.frame, data.roles.latitude)[rows]
    longitude = known_numbers(data.frame, data.roles.longitude)[rows]
    shown = np.unique(np.linspace(0, len(rows) - 1, min(MOST_POINTS, len(rows))).round().astype(np.int64))
    columns = {
        "row": rows,
        "latitude": latitude,
        "longitude": longitude,
        "actual": actual,
        "predicted": predicted,
        "residual": actual - predicted,
    }
    return {
        "places": {name: values[shown].tolist() for name, values in columns.items()},
        "places_tested": len(rows),
        "blocks": _blocks(latitude, longitude, actual - predicted, split.block_km),
        "importance": permutation_importance(fitted[0].scorer, data, parts[0].validation, data.roles.target),
        "model": fitted[0].details,
    }


def _blocks(latitude: Floats, longitude: Floats, residual: Floats, block_km: float) -> list[dict[str, Any]]:
    """RMSE and mean residual of each tested square, those with most places first."""
    _, block = np.unique(squares(latitude, longitude, block_km), return_inverse=True)
    counts = np.bincount(block)
    means = {
        "latitude": np.bincount(block, latitude) / counts,
        "longitude": np.bincount(block, longitude) / counts,
        "rmse": np.sqrt(np.bincount(block, np.square(residual)) / counts),
        "mean_residual": np.bincount(block, residual) / counts,
    }
    order = np.argsort(-counts, kind="stable")[:MOST_BLOCKS]
    return [{"places": int(counts[at]), **{name: float(each[at]) for name, each in means.items()}} for at in order]

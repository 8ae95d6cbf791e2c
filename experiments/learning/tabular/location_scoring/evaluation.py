"""How well places that training never saw were scored (protocol *spatial*), beside the mean of the training places.

rmse = sqrt(mean e^2), mae = mean |e|, r2 = 1 - sum e^2 / sum (actual - mean actual)^2, e = actual - predicted;
rank_correlation = Spearman's rho of actual and predicted, equal values sharing their mean rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.metrics.result import MetricResult
from experiments.learning.summaries.rank_correlation import ranks
from experiments.learning.tabular.base import (
    Floats,
    Rows,
    TablePart,
    TableSplit,
    TabularData,
    TabularEvaluation,
    TabularFitted,
)
from experiments.learning.tabular.blocks import km_to_nearest
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.location_scoring.report import details

HIGHER_IS_BETTER = {"rmse": False, "mae": False, "r2": True, "rank_correlation": True}
NEAR, FAR = "near_training", "far_from_training"


@dataclass(frozen=True)
class Tested:
    """Test places of all folds, parallel arrays: row, actual and predicted target, training mean, km to a training one.

    Places of a fold follow those of the one before; with blocks or a random split there is one fold.
    """

    rows: Rows
    actual: Floats
    predicted: Floats
    naive: Floats
    distance_km: Floats

    def within(self, chosen: NDArray[np.bool_]) -> Tested:
        return Tested(
            self.rows[chosen],
            self.actual[chosen],
            self.predicted[chosen],
            self.naive[chosen],
            self.distance_km[chosen],
        )


def evaluate(
    fitted: list[TabularFitted], data: TabularData, parts: list[TablePart], split: TableSplit
) -> TabularEvaluation:
    """One model a part, judged on that part's test places. Segments: within block_km / 5 of a training place, or not.

    Raises TableError for a missing column, or a place or target that is no number.
    """
    tested = _tested(fitted, data, parts)
    near = tested.distance_km <= split.block_km / 5
    segments = {"all": tested, NEAR: tested.within(near), FAR: tested.within(~near)}
    metrics = [result for name, places in segments.items() for result in _results(places, name)]
    return TabularEvaluation(
        metrics=metrics,
        per_unit=_per_unit(tested, near),
        protocol=_protocol(tested, data, split),
        details=details(fitted, data, parts, split, tested.rows, tested.actual, tested.predicted),
    )


def figures(actual: Floats, predicted: Floats) -> dict[str, float | None]:
    """The four metrics of n places; None where one is undefined (no place, no variation)."""
    if not len(actual):
        return dict.fromkeys(HIGHER_IS_BETTER)
    error = actual - predicted
    spread = float(np.square(actual - actual.mean()).sum())
    varies = np.ptp(actual) > 0 and np.ptp(predicted) > 0
    return {
        "rmse": float(np.sqrt(np.square(error).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": 1 - float(np.square(error).sum()) / spread if spread > 0 else None,
        "rank_correlation": float(np.corrcoef(ranks(actual), ranks(predicted))[0, 1]) if varies else None,
    }


def _tested(fitted: list[TabularFitted], data: TabularData, parts: list[TablePart]) -> Tested:
    roles = data.roles
    target = known_numbers(data.frame, roles.target)
    latitude, longitude = known_numbers(data.frame, roles.latitude), known_numbers(data.frame, roles.longitude)
    found = [
        Tested(
            rows=part.test,
            actual=target[part.test],
            predicted=model.scorer.predict(data.frame.iloc[part.test]),
            naive=np.full(len(part.test), target[part.train].mean()),
            distance_km=km_to_nearest(latitude, longitude, part.test, part.train),
        )
        for model, part in zip(fitted, parts, strict=True)
    ]
    names = ("rows", "actual", "predicted", "naive", "distance_km")
    return Tested(*(np.concatenate([getattr(each, name) for each in found]) for name in names))


def _results(places: Tested, segment: str) -> list[MetricResult]:
    model, naive = figures(places.actual, places.predicted), figures(places.actual, places.naive)
    return [
        MetricResult(
            name=name,
            protocol="spatial",
            value=value,
            segment=segment,
            higher_is_better=HIGHER_IS_BETTER[name],
            users_counted=len(places.rows),
            naive=naive[name],
        )
        for name, value in model.items()
    ]


def _per_unit(tested: Tested, near: NDArray[np.bool_]) -> pd.DataFrame:
    error = tested.actual - tested.predicted
    return pd.DataFrame(
        {
            "user": tested.rows.astype(np.int64),
            "protocol": "spatial",
            "segment": np.where(near, NEAR, FAR),
            "rows": 1.0,
            "squared_error": np.square(error),
            "absolute_error": np.abs(error),
            "actual": tested.actual,
            "actual_squared": np.square(tested.actual),
        }
    )


def _protocol(tested: Tested, data: TabularData, split: TableSplit) -> dict[str, object]:
    squares = split.method == "spatial_blocks"
    where = f"on squares of {split.block_km:g} km that training never saw" if squares else "drawn at random"
    return {
        "definition": "1",
        "label": "spatial",
        "summary": f"{data.roles.target} of {len(tested.rows):,} places {where}, each predicted and held against what "
        "is known.",
        "target": data.roles.target,
        "unit": "place",
        "method": split.method,
        "block_km": split.block_km if squares else None,
        "users_counted": len(tested.rows),
        "users_left_out": 0,
        "naive": "mean of the training places",
        "segments": {NEAR: f"at most {split.block_km / 5:g} km from a training place", FAR: "farther than that"},
    }

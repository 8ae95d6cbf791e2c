"""Forecasts of every fold beside what came, as parallel arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.learning.tabular.base import Floats, Rows, TableError, TablePart, TabularData, TabularFitted
from experiments.learning.tabular.forecasting.history import Observations
from experiments.learning.tabular.forecasting.metrics import SEASON, seasonal_scale
from experiments.learning.tabular.forecasting.seasonal_naive import past, scorer_of
from experiments.learning.tabular.keys import distinct, labels


@dataclass(frozen=True)
class Judged:
    """One entry a test row whose target is known; shapes (n,).

    Attributes:
        names: labels of all series of the dataset, sorted; ``series`` are positions among them.
        step: days after the fold's origin.
        scale: of the series at that origin; NaN, at all of them, where it has none at one that it is tested from.
        left_out: test rows without a known target.
    """

    names: tuple[str, ...]
    series: Rows
    day: Rows
    step: Rows
    actual: Floats
    forecast: Floats
    naive: Floats
    scale: Floats
    left_out: int

    @classmethod
    def of(cls, fitted: Sequence[TabularFitted], data: TabularData, parts: Sequence[TablePart]) -> Judged:
        """Raises TableError where a fold has nothing to test, or a table does not fit the forecaster."""
        names = distinct(labels(data.frame, data.roles.series))
        folds = [_fold(one, data, part, names) for one, part in zip(fitted, parts, strict=True)]
        if not sum(len(fold.actual) for fold in folds):
            raise TableError("No test row has a known target; accepted: at least one.")
        columns = ("series", "day", "step", "actual", "forecast", "naive", "scale")
        joined = {name: np.concatenate([getattr(fold, name) for fold in folds]) for name in columns}
        without = np.unique(joined["series"][np.isnan(joined["scale"])])
        joined["scale"][np.isin(joined["series"], without)] = np.nan
        return cls(names=names, left_out=sum(fold.left_out for fold in folds), **joined)


def _fold(fitted: TabularFitted, data: TabularData, part: TablePart, names: tuple[str, ...]) -> Judged:
    known = past(data, part)
    before = Observations.of(known, data.roles, names)
    tested = data.frame.iloc[part.test]
    seen = Observations.of(tested, data.roles, names)
    rows = tested.iloc[seen.row]
    return Judged(
        names=names,
        series=seen.series,
        day=seen.day,
        step=seen.day - int(before.day.max()),
        actual=seen.target,
        forecast=fitted.scorer.predict(rows),
        naive=scorer_of(known, data.roles, SEASON).predict(rows),
        scale=seasonal_scale(before)[seen.series],
        left_out=len(tested) - len(seen),
    )

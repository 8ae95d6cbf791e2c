"""A forecaster as plain arrays: the newest days of each series, and a model of what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.columns import days
from experiments.learning.tabular.forecasting.features import Known, feature_table, lagged_features
from experiments.learning.tabular.forecasting.history import History
from experiments.learning.tabular.forecasting.lags import Lags
from experiments.learning.tabular.keys import codes_of, labels
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer

_INNER: Mapping[str, Callable[[Mapping[str, NDArray[Any]], Mapping[str, Any]], LinearScorer | TreesScorer]] = {
    LinearScorer.KIND: LinearScorer.load,
    TreesScorer.KIND: TreesScorer.load,
}
_PREFIX = "inner_"


class LagScorer:
    """Answers rows of days after the last one learnt from.

    Each series goes on from its own last day, any number of days ahead: beyond ``steps``, the farthest step that was
    learnt, the step counts as that one while season and calendar go on. A series never seen is forecast as the average
    of all. Rows need time, series and the columns known ahead, not the target. A number known ahead that is missing
    counts as its mean, a kind never seen as "(other)". A series whose last 56 days are all 0 is forecast as 0. Where
    training had no negative number, no forecast is negative.
    """

    KIND = "lag_forecaster"

    def __init__(
        self,
        *,
        history: History,
        lags: Lags,
        known: Known,
        inner: LinearScorer | TreesScorer,
        steps: int,
        time: str,
        series: tuple[str, ...],
        negative: bool,
    ) -> None:
        self.history, self.lags, self.known, self.inner = history, lags, known, inner
        self.steps, self.time, self.series, self.negative = steps, time, series, negative
        if history.values.shape[1] < lags.width:
            raise ScorerError(f"history has {history.values.shape[1]} days; accepted: {lags.width}.")

    def predict(self, frame: pd.DataFrame) -> Floats:
        table, level = self.inputs(frame)
        if not len(frame):
            return np.empty(0)
        forecast = self.inner.predict(table) * level
        return forecast if self.negative else np.maximum(forecast, 0.0)

    def inputs(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
        """What the inner model is told of each row, and the level (n,) by which its answer is multiplied."""
        code = codes_of(labels(frame, self.series), self.history.names)
        day = days(frame, self.time)
        step = self.history.steps(code, day)
        origin = np.full(len(frame), self.history.values.shape[1] - 1)
        lagged, level = lagged_features(self.lags, self.history.values, code, origin, step)
        lagged["step"] = np.minimum(lagged["step"], self.steps)
        return feature_table(lagged, self.known.features(frame, code, day)), level

    def arrays(self) -> dict[str, NDArray[Any]]:
        inner = {_PREFIX + name: array for name, array in self.inner.arrays().items()}
        return {**self.history.arrays(), **self.known.arrays(), **inner}

    def config(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "season": self.lags.season,
            "seasons": self.lags.seasons,
            "recent": self.lags.recent,
            "steps": self.steps,
            "time": self.time,
            "series": list(self.series),
            "negative": self.negative,
            **self.known.config(),
            "inner": self.inner.config(),
        }

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> LagScorer:
        """Raises ScorerError, or KeyError for what is missing."""
        kind = config["inner"]["kind"]
        if kind not in _INNER:
            raise ScorerError(f"inner kind is {kind!r}; accepted: {', '.join(_INNER)}.")
        inner = {name.removeprefix(_PREFIX): array for name, array in arrays.items() if name.startswith(_PREFIX)}
        return cls(
            history=History.rebuild(arrays),
            lags=Lags(int(config["season"]), int(config["seasons"]), int(config["recent"])),
            known=Known.rebuild(arrays, config),
            inner=_INNER[kind](inner, config["inner"]),
            steps=int(config["steps"]),
            time=str(config["time"]),
            series=tuple(config["series"]),
            negative=bool(config["negative"]),
        )

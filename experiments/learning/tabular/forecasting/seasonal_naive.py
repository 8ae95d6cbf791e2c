"""The baseline of forecasting: a day will be as the same day of the last season (the same weekday of last week).

Hyndman & Athanasopoulos, Forecasting: Principles and Practice, section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import (
    Floats,
    Roles,
    Rows,
    TablePart,
    TabularArchitecture,
    TabularData,
    TabularFitted,
)
from experiments.learning.tabular.columns import days
from experiments.learning.tabular.forecasting.history import Grid, History, Observations
from experiments.learning.tabular.keys import codes_of, labels


class SeasonalNaiveParameters(Parameters):
    season: int = Field(7, ge=1, le=366, title="Season", description="Days after which the pattern repeats.")


class SeasonalNaiveScorer:
    """Answers rows of days after the last one learnt from, each series going on from its own last day.

    A series shorter than the season answers with its last value where the season has none; a series never seen is
    forecast as the average of all. Target and known columns are not needed.
    """

    KIND = "seasonal_naive"

    def __init__(self, history: History, *, time: str, series: tuple[str, ...]) -> None:
        self.history, self.time, self.series = history, time, series
        self.season = history.values.shape[1]

    def predict(self, frame: pd.DataFrame) -> Floats:
        code = codes_of(labels(frame, self.series), self.history.names)
        return self.ahead(code, self.history.steps(code, days(frame, self.time)))

    def ahead(self, series: Rows, steps: Rows) -> Floats:
        """Forecast of each (series, days ahead) pair, shape (n,)."""
        found: Floats = self.history.values[series, (steps - 1) % self.season]
        return np.where(np.isnan(found), self.history.values[series, -1], found)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.history.arrays()

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "time": self.time, "series": list(self.series)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> SeasonalNaiveScorer:
        return cls(History.rebuild(arrays), time=str(config["time"]), series=tuple(config["series"]))


def scorer_of(frame: pd.DataFrame, roles: Roles, season: int) -> SeasonalNaiveScorer:
    """From the rows of the past alone. Raises TableError as ``Observations.of`` does."""
    seen = Observations.of(frame, roles)
    history = History.of(seen.names, Grid.of(seen, season), season)
    return SeasonalNaiveScorer(history, time=roles.time, series=roles.series)


def past(data: TabularData, part: TablePart) -> pd.DataFrame:
    """What is known at the origin: training and validation rows, in the order of the table."""
    return data.frame.iloc[np.sort(np.concatenate([part.train, part.validation]))]


def fit(
    data: TabularData, part: TablePart, parameters: SeasonalNaiveParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Keeps the last season; ``seed`` has nothing to decide."""
    del seed
    scorer = scorer_of(past(data, part), data.roles, parameters.season)
    observer.on_start(epochs=0, total_parameters=int(scorer.history.values.size))
    observer.log(f"{len(scorer.history.names):,} series, each with its last {parameters.season} days.")
    return TabularFitted(scorer, details={"season": parameters.season, "series": len(scorer.history.names)})


ARCHITECTURE = TabularArchitecture(
    key="seasonal_naive",
    label="Seasonal naive",
    summary="Repeats the last season: the line every forecaster must beat; blind to trend, prices and promotions.",
    family=Family.FORECASTING,
    parameters=SeasonalNaiveParameters,
    fit=fit,
    model_type="baseline",
)

"""What every forecaster on lags asks for, and the frame of its fit."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import TablePart, TabularData, TabularFitted
from experiments.learning.tabular.forecasting.lag_scorer import LagScorer
from experiments.learning.tabular.forecasting.lags import Lags
from experiments.learning.tabular.forecasting.samples import Prepared, prepare
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer


class LagParameters(Parameters):
    season: int = Field(7, ge=1, le=366, title="Season", description="Days after which the pattern repeats.")
    seasons: int = Field(8, ge=1, le=60, title="Seasons", description="Past values of the same phase that are used.")
    recent: int = Field(3, ge=1, le=60, title="Newest days", description="Newest days used as they are.")
    steps: int = Field(
        28,
        ge=1,
        le=366,
        title="Steps",
        description="Farthest day ahead that is learnt; later ones count as it.",
    )
    draws: int = Field(
        1, ge=1, le=50, title="Origins a day", description="From how many earlier days each known day is forecast."
    )
    harmonics: int = Field(
        2, ge=0, le=10, title="Yearly harmonics", description="Waves a year; used from a year of history on."
    )

    @property
    def lags(self) -> Lags:
        return Lags(self.season, self.seasons, self.recent)


def prepared(
    data: TabularData, part: TablePart, parameters: LagParameters, *, seed: int, observer: Observer
) -> Prepared:
    """Samples of what is known at the origin. Raises TableError as ``prepare`` does."""
    observer.on_start(epochs=0, total_parameters=0)
    return prepare(
        data,
        part,
        parameters.lags,
        steps=parameters.steps,
        draws=parameters.draws,
        harmonics=parameters.harmonics,
        seed=seed,
    )


def fitted(
    data: TabularData,
    parameters: LagParameters,
    start: Prepared,
    inner: LinearScorer | TreesScorer,
    details: dict[str, Any],
) -> TabularFitted:
    """The forecaster around its inner model."""
    scorer = LagScorer(
        history=start.history,
        lags=parameters.lags,
        known=start.known,
        inner=inner,
        steps=parameters.steps,
        time=data.roles.time,
        series=data.roles.series,
        negative=start.negative,
    )
    counted = {"series": len(start.history.names), "samples": len(start.samples), "strategy": "direct"}
    return TabularFitted(scorer, details={**counted, **details})

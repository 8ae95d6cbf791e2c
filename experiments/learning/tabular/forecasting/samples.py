"""Training samples of a forecaster: every known day of the past, seen from origins some days before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats, Roles, Rows, TableError, TablePart, TabularData
from experiments.learning.tabular.forecasting.features import Known, feature_table, lagged_features
from experiments.learning.tabular.forecasting.history import Grid, History, Observations
from experiments.learning.tabular.forecasting.lags import Lags

MAX_SAMPLES = 400_000
"""More are thinned evenly, so that memory and time stay bounded whatever the table's length."""


@dataclass(frozen=True)
class Samples:
    """Attributes:
    table: features, one row a sample.
    target: value / level at the origin, shape (n,).
    weight: (level / mean absolute value of the series)^2, so that a squared error counts relative to the series'
        size, as in MASE; mean 1, shape (n,).
    validation: which are of validation rows, shape (n,).
    """

    table: pd.DataFrame
    target: Floats
    weight: Floats
    validation: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class Prepared:
    """What a fit starts from: samples, and what the forecaster keeps."""

    samples: Samples
    history: History
    known: Known
    negative: bool


def prepare(
    data: TabularData, part: TablePart, lags: Lags, *, steps: int, draws: int, harmonics: int, seed: int
) -> Prepared:
    """Samples of training and validation rows; test rows are never read.

    Args:
        steps: farthest step, in days, that is learnt.
        draws: origins a known day is seen from, each a random number of days before it, 1 to ``steps``.

    Raises:
        TableError: a column is wrong, a series has two rows for one day, or no series is long enough.
    """
    rows = np.sort(np.concatenate([part.train, part.validation]))
    frame = data.frame.iloc[rows]
    seen = Observations.of(frame, data.roles)
    grid = Grid.of(seen, lags.season)
    known = _known(frame, data.roles, seen, harmonics)
    at, step = _drawn(seen, grid, lags.season, steps, draws, np.random.default_rng(seed))
    series, origin = seen.series[at], seen.day[at] - grid.first_day - step
    lagged, level = lagged_features(lags, grid.values, series, origin, step)
    kept = np.flatnonzero(level > 0)
    _require_samples(kept, grid, lags.season)
    at, level = at[kept], level[kept]
    of_known = known.features(frame.iloc[seen.row[at]], seen.series[at], seen.day[at])
    samples = Samples(
        table=feature_table({name: column[kept] for name, column in lagged.items()}, of_known),
        target=seen.target[at] / level,
        weight=_weights(seen, at, level),
        validation=np.isin(rows[seen.row[at]], part.validation),
    )
    return Prepared(samples, History.of(seen.names, grid, lags.width), known, bool(seen.target.min() < 0))


def _known(frame: pd.DataFrame, roles: Roles, seen: Observations, harmonics: int) -> Known:
    taken: Sequence[str] = (roles.time, roles.target)
    return Known.fit(
        frame.iloc[seen.row],
        [name for name in roles.numeric if name not in taken],
        [name for name in roles.categorical if name not in taken],
        series=seen.series,
        count=len(seen.names),
        day=seen.day,
        harmonics=harmonics,
    )


def _drawn(
    seen: Observations, grid: Grid, season: int, steps: int, draws: int, random: np.random.Generator
) -> tuple[Rows, Rows]:
    """(observation, step) of each sample whose origin has at least one season behind it, distinct, in order."""
    count = len(seen)
    draws = min(draws, steps, max(1, MAX_SAMPLES // count))
    # Consecutive steps from a random first one, a stride apart: distinct, and short and long steps alike.
    start = random.integers(0, steps, count)
    step = 1 + (start[:, None] + np.arange(draws) * max(1, steps // draws)) % steps
    at = np.repeat(np.arange(count), draws)
    flat = step.reshape(-1)
    began = np.argmax(grid.observed, axis=1)
    usable = np.flatnonzero(seen.day[at] - grid.first_day - flat >= began[seen.series[at]] + season - 1)
    if len(usable) > MAX_SAMPLES:
        usable = np.sort(random.choice(usable, MAX_SAMPLES, replace=False))
    return at[usable], flat[usable]


def _weights(seen: Observations, at: Rows, level: Floats) -> Floats:
    size = np.bincount(seen.series, np.abs(seen.target)) / np.maximum(np.bincount(seen.series), 1)
    weight: Floats = (level / size[seen.series[at]]) ** 2
    return np.asarray(weight / weight.mean(), dtype=np.float64)


def _require_samples(kept: Rows, grid: Grid, season: int) -> None:
    if not len(kept):
        longest = int(grid.observed.sum(axis=1).max())
        raise TableError(
            f"The longest series has {longest} days to learn from that are not all 0 before; accepted: more than one "
            f"season of {season} days and the steps ahead, {season + 2} days or more."
        )

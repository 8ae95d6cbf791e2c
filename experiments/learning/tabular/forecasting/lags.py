"""What is known of a series at an origin, as numbers: newest days, means, and the same days of past seasons.

Strategy: direct, with one model for all steps. A forecast of day origin + h sees values up to the origin alone, and h
is a feature, so no forecast is ever fed back and nothing after the origin can leak (Bontempi et al. 2013 describe
direct and recursive strategies). Values are divided by the series' own level at the origin, so that series of any
size are learnt from together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.learning.tabular.base import Floats, Rows

LEVEL_DAYS = 56
"""Days up to the origin whose mean absolute value is the level of a series."""


@dataclass(frozen=True)
class Lags:
    """Attributes:
    season: days after which the pattern repeats.
    seasons: how many past values of the same phase are used.
    recent: how many of the newest days are used as they are.
    """

    season: int
    seasons: int
    recent: int

    @property
    def width(self) -> int:
        """Days of history that a forecast reads."""
        return max(LEVEL_DAYS, self.season * self.seasons, self.recent, 4 * self.season)

    def level(self, values: Floats, series: Rows, origin: Rows) -> Floats:
        """Mean absolute value of the ``LEVEL_DAYS`` up to the origin, shape (n,); 0 for one that was 0 throughout.

        Args:
            values: a grid of shape (series, days) with gaps closed, NaN outside a series' life.
            series, origin: row and column of each sample, shape (n,).
        """
        return _trailing_mean(np.abs(values), series, origin, LEVEL_DAYS)

    def features(self, values: Floats, series: Rows, origin: Rows, step: Rows, level: Floats) -> dict[str, Floats]:
        """Name to numbers of shape (n,), NaN where the series has no such day yet; ``step`` is h, 1 or more."""
        scale = np.where(level > 0, level, 1.0)
        found: dict[str, Floats] = {"step": step.astype(np.float64)}
        for number in range(1, self.recent + 1):
            found[f"day_{number}"] = _at(values, series, origin - (number - 1)) / scale
        newest = origin + step - self.season * -(-step // self.season)
        same_phase = [_at(values, series, newest - self.season * number) / scale for number in range(self.seasons)]
        for number, column in enumerate(same_phase, 1):
            found[f"season_{number}"] = column
        found["season_mean"] = _mean_of(same_phase)
        for number in (1, 4):
            mean = _trailing_mean(values, series, origin, number * self.season) / scale
            found[f"mean_{number * self.season}"] = mean
        return found


def _at(values: Floats, series: Rows, column: Rows) -> Floats:
    """Values of the grid, NaN before its first column."""
    return np.where(column >= 0, values[series, np.maximum(column, 0)], np.nan)


def _mean_of(columns: list[Floats]) -> Floats:
    """Mean of what is known, shape (n,); NaN where nothing is."""
    stacked = np.stack(columns)
    known = ~np.isnan(stacked)
    counts = known.sum(axis=0)
    return np.where(counts > 0, np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan)


def _trailing_mean(values: Floats, series: Rows, origin: Rows, days: int) -> Floats:
    """Mean of the known values among the ``days`` up to each origin (included), shape (n,); NaN where none is."""
    known = ~np.isnan(values)
    sums = _running(np.where(known, values, 0.0))
    counts = _running(known.astype(np.float64))
    start = np.maximum(origin + 1 - days, 0)
    count = counts[series, origin + 1] - counts[series, start]
    total = sums[series, origin + 1] - sums[series, start]
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _running(values: Floats) -> Floats:
    """Sums of each row's first 0, 1, … columns, shape (rows, columns + 1)."""
    running = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    return running

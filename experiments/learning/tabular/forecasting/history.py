"""Series as a grid of days, and what a forecaster keeps of it: the newest days of each series and where they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import require_shape
from experiments.learning.tabular.base import Floats, Roles, Rows, TableError
from experiments.learning.tabular.columns import day_name, days, numbers
from experiments.learning.tabular.keys import codes_of, distinct, labels, pack, unpack

MAX_CELLS = 40_000_000
"""Series times days of a grid, 320 MB."""


@dataclass(frozen=True)
class Observations:
    """Rows whose target is known, as parallel arrays of shape (n,).

    Attributes:
        names: labels of the series, sorted.
        series: position among ``names``.
        day: days since 1970-01-01.
        target: the number to forecast.
        row: position of the row in the table it came from.
    """

    names: tuple[str, ...]
    series: Rows
    day: Rows
    target: Floats
    row: Rows

    @classmethod
    def of(cls, frame: pd.DataFrame, roles: Roles, names: tuple[str, ...] | None = None) -> Observations:
        """A missing target makes a missing day.

        Raises:
            TableError: a column is missing, a value is no day or number, or a series has two rows for one day.
        """
        found = labels(frame, roles.series)
        names = distinct(found) if names is None else names
        series, day, target = codes_of(found, names), days(frame, roles.time), numbers(frame, roles.target)
        _require_one_row_a_day(names, series, day, roles)
        known = np.flatnonzero(~np.isnan(target))
        return cls(names, series[known], day[known], target[known], known)

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Grid:
    """Values of series by day, shape (series, days), from ``first_day``; NaN outside a series' own first and last day.

    ``observed`` says which were in the data; the others between first and last day are gaps that ``_fill`` closed.
    """

    values: Floats
    observed: NDArray[np.bool_]
    first_day: int
    last: Rows
    """Column of each series' newest observation, -1 where it has none; shape (series,)."""

    @classmethod
    def of(cls, seen: Observations, season: int) -> Grid:
        """Raises TableError where there is nothing, or a far-away day makes the grid too large."""
        if not len(seen):
            raise TableError("No row has a known target; accepted: at least one row a series.")
        first, last = int(seen.day.min()), int(seen.day.max())
        span = last - first + 1
        if span * len(seen.names) > MAX_CELLS:
            raise TableError(
                f"{len(seen.names):,} series over the {span:,} days from {day_name(first)} to {day_name(last)} are too "
                f"many; accepted: up to {MAX_CELLS:,} in their product."
            )
        values = np.full((len(seen.names), span), np.nan)
        values[seen.series, seen.day - first] = seen.target
        observed = ~np.isnan(values)
        any_day = observed.any(axis=1)
        newest = np.where(any_day, span - 1 - np.argmax(observed[:, ::-1], axis=1), -1).astype(np.int64)
        return cls(_fill(values, observed, newest, season), observed, first, newest)


@dataclass(frozen=True)
class History:
    """The newest ``width`` days of each series and, last, of their average, which stands for series never seen.

    Attributes:
        names: labels of the series, sorted; n of them.
        values: shape (n + 1, width), gaps closed; NaN before a series began. A row ends at its own origin.
        origin: day of each row's last value, shape (n + 1,).
    """

    names: tuple[str, ...]
    values: Floats
    origin: Rows

    @classmethod
    def of(cls, names: tuple[str, ...], grid: Grid, width: int) -> History:
        """Series without any observation are left out: to them, and to others never seen, the average answers."""
        rows = np.flatnonzero(grid.last >= 0)
        values = np.full((len(rows) + 1, width), np.nan)
        for position, row in enumerate(rows):
            newest = grid.values[row, max(0, grid.last[row] + 1 - width) : grid.last[row] + 1]
            values[position, width - len(newest) :] = newest
        average = _mean_of_columns(grid.values[:, -width:])
        values[-1, width - len(average) :] = average
        last_day = grid.first_day + grid.values.shape[1] - 1
        origin = np.append(grid.first_day + grid.last[rows], last_day).astype(np.int64)
        return cls(tuple(names[row] for row in rows), values, origin)

    def steps(self, series: Rows, day: Rows) -> Rows:
        """Days from each row's origin to its day, 1 or more, shape (n,).

        Raises:
            TableError: a day is not after the last one that was learnt from.
        """
        ahead: Rows = day - self.origin[series]
        past = np.flatnonzero(ahead < 1)
        if len(past):
            at = past[0]
            name = (*self.names, "a series never seen")[series[at]]
            raise TableError(
                f"Row {at + 1}{f' ({name})' if name else ''} is of {day_name(day[at])}; accepted: days after "
                f"{day_name(self.origin[series[at]])}, the last one learnt from."
            )
        return ahead

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"series_names": pack(self.names), "history": self.values, "origin": self.origin}

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]]) -> History:
        """Raises ScorerError for arrays that do not fit together, KeyError for one that is missing."""
        names = unpack(arrays["series_names"])
        require_shape("history", arrays["history"], (len(names) + 1, None))
        require_shape("origin", arrays["origin"], (len(names) + 1,))
        return cls(names, arrays["history"], arrays["origin"])


def _fill(values: Floats, observed: NDArray[np.bool_], newest: Rows, season: int) -> Floats:
    """Closes gaps between a series' first and last day: the same phase of the season before, else the series' last
    value before the gap. Both are older than the gap, so nothing is learnt from what came later."""
    filled = values.copy()
    day = np.arange(values.shape[1])
    started = np.maximum.accumulate(observed, axis=1)
    gaps = started & ~observed & (day <= newest[:, None])
    for column in np.flatnonzero(gaps.any(axis=0)):
        rows = np.flatnonzero(gaps[:, column])
        before = filled[rows, column - season] if column >= season else np.full(len(rows), np.nan)
        filled[rows, column] = np.where(np.isnan(before), filled[rows, column - 1], before)
    return filled


def _mean_of_columns(values: Floats) -> Floats:
    """Mean of what is known each day, shape (days,); NaN where nothing is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _require_one_row_a_day(names: tuple[str, ...], series: Rows, day: Rows, roles: Roles) -> None:
    twice = np.flatnonzero(pd.DataFrame({"series": series, "day": day}).duplicated().to_numpy())
    if len(twice):
        at = twice[0]
        name = (*names, "never seen")[series[at]]
        which = f"Series {name!r}" if roles.series else "The table"
        hint = "" if roles.series else " Give the columns that tell series apart the role series."
        raise TableError(
            f"{which} has more than one row for {day_name(day[at])} ({len(twice)} such rows); accepted: one row a "
            f"series and day.{hint}"
        )

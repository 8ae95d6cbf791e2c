"""Rows of a table's test part in the order of time, each with the truth that becomes known later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.families import Family
from experiments.learning.tabular.base import TabularData
from experiments.learning.tabular.columns import known_numbers, times
from mlopspro.serving.replay.requests import RowRequest

TRUTH_ROLE = {
    Family.FORECASTING: "target",
    Family.PRICING: "quantity",
    Family.NEXT_BEST_ACTION: "outcome",
    Family.LOCATION_SCORING: "target",
}


class TablePlan:
    """One request a held-out row, in time order; without times in the order of the rows, a second apart.

    ``columns``: what is asked with; None is every column with a role but the truth. ``days_later``: so many days are
    added to the time that is asked about, of models that answer for days after their newest one alone.
    """

    tables = True

    def __init__(
        self,
        data: TabularData,
        learnt: NDArray[np.int64],
        held_out: NDArray[np.int64],
        *,
        columns: Sequence[str] | None = None,
        days_later: int = 0,
    ) -> None:
        if not len(held_out):
            raise ValueError("there are no held-out rows to replay; accepted: a split with a test part")
        self.data, self.learnt, self.later = data, learnt, pd.Timedelta(days=days_later)
        roles = data.roles
        seconds = times(data.frame, roles.time)[held_out] / 1e6 if roles.time else np.arange(len(held_out), dtype=float)
        order = np.argsort(seconds, kind="stable")
        self.rows = held_out[order]
        self.seconds = np.asarray(seconds[order] - seconds[order][0], dtype=np.float64)
        self.truth_column = getattr(roles, TRUTH_ROLE[data.family])
        self.truths = known_numbers(data.frame, self.truth_column)
        self.label = data.family is Family.NEXT_BEST_ACTION
        asked = roles.columns() if columns is None else columns
        self.columns = [column for column in asked if column != self.truth_column]
        self._unit = roles.unit or roles.product or (roles.series[0] if roles.series else "")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def span(self) -> float:
        """Seconds from the first request to the last."""
        return float(self.seconds[-1])

    @property
    def deviation(self) -> float:
        """Standard deviation of the truths that the model has learnt from."""
        return float(np.std(self.truths[self.learnt]))

    def request(self, number: int) -> RowRequest:
        round_, place = divmod(number, len(self))
        row = self.rows[place]
        cells = self.data.frame.iloc[int(row)]
        features = {column: plain(cells[column]) for column in self.columns}
        if self.later and self.data.roles.time in features:
            features[self.data.roles.time] = plain(pd.Timestamp(cells[self.data.roles.time]) + self.later)
        return RowRequest(
            number,
            float(self.seconds[place] + round_ * (self.span + 1)),
            str(cells[self._unit]) if self._unit else "",
            features,
            float(self.truths[row]),
            self.label,
        )


def plain(cell: Any) -> Any:
    """As JSON has it: numbers, text, None for what is missing, ISO 8601 for times."""
    if pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp | dt.date):
        return cell.isoformat()
    return cell.item() if isinstance(cell, np.generic) else cell

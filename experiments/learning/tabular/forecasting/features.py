"""The table a forecaster's inner model learns from: lags, the calendar, and what is known ahead of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats, Rows
from experiments.learning.tabular.changes import Changes
from experiments.learning.tabular.columns import numbers, texts
from experiments.learning.tabular.forecasting.lags import Lags
from experiments.learning.tabular.keys import DAYS_A_YEAR

KNOWN, CHANGE, KIND = "known: ", "change of ", "kind: "
_LEAST_YEARLY = 365
"""Days of history from which a yearly pattern is learnt; below, it could not be told from a trend."""


@dataclass(frozen=True)
class Known:
    """Columns known ahead of the day: numbers as they are and against the series' own average, and kinds.

    Attributes:
        changes: of the numeric columns, by series.
        categorical: names of the columns of kinds.
        harmonics: pairs of sine and cosine of the year; 0 where the history is shorter than a year.
    """

    changes: Changes
    categorical: tuple[str, ...]
    harmonics: int

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        numeric: Sequence[str],
        categorical: Sequence[str],
        *,
        series: Rows,
        count: int,
        day: Rows,
        harmonics: int,
    ) -> Known:
        """From rows of the past; ``series`` are codes below ``count``. Raises TableError for what is no number."""
        span = int(day.max() - day.min()) + 1 if len(day) else 0
        changes = Changes.fit(frame, numeric, series, count)
        return cls(changes, tuple(categorical), harmonics if span >= _LEAST_YEARLY else 0)

    def features(self, frame: pd.DataFrame, series: Rows, day: Rows) -> dict[str, Any]:
        """Name to column, one entry a row. Raises TableError naming a missing column or a wrong value."""
        found: dict[str, Any] = {"weekday": ((day + 3) % 7).astype(str)}
        for number in range(1, self.harmonics + 1):
            angle = 2 * np.pi * number * day / DAYS_A_YEAR
            found[f"year_sin_{number}"], found[f"year_cos_{number}"] = np.sin(angle), np.cos(angle)
        for name, change in self.changes.of(frame, series).items():
            found[KNOWN + name], found[CHANGE + name] = numbers(frame, name), change
        for name in self.categorical:
            found[KIND + name] = texts(frame, name)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.changes.arrays()

    def config(self) -> dict[str, Any]:
        return {
            "known_numeric": list(self.changes.columns),
            "known_categorical": list(self.categorical),
            "harmonics": self.harmonics,
        }

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Known:
        changes = Changes.rebuild(arrays, config["known_numeric"])
        return cls(changes, tuple(config["known_categorical"]), int(config["harmonics"]))


def feature_table(lagged: Mapping[str, Floats], known: Mapping[str, Any]) -> pd.DataFrame:
    """All features of samples; texts are the categorical ones."""
    return pd.DataFrame({**lagged, **known})


def columns_of(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Names of the numeric and of the categorical features."""
    categorical = [name for name in table if name == "weekday" or str(name).startswith(KIND)]
    return [str(name) for name in table if name not in categorical], [str(name) for name in categorical]


def lagged_features(
    lags: Lags, values: Floats, series: Rows, origin: Rows, step: Rows
) -> tuple[dict[str, Floats], Floats]:
    """Lag features and the level that the inner model's answer is multiplied by; see ``Lags``."""
    level = lags.level(values, series, origin)
    return lags.features(values, series, origin, step, level), np.where(np.isnan(level), 0.0, level)

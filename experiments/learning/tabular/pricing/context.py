"""What besides the price may move demand: the time of year, a trend, and the dataset's own features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.tabular.base import Roles, Rows
from experiments.learning.tabular.changes import Changes
from experiments.learning.tabular.columns import days, texts
from experiments.learning.tabular.keys import DAYS_A_YEAR

_LEAST_YEARLY = 365
_CHANGE, _KIND = "change of ", "kind: "


@dataclass(frozen=True)
class Context:
    """Features of a row but for its price: numbers against the product's own average (see ``Changes``), and kinds.

    Attributes:
        time: name of the time column, "" for none.
        first_day: of training, from which the trend is counted in years.
        harmonics: waves a year; 0 where training is shorter than a year.
    """

    time: str
    first_day: int
    harmonics: int
    changes: Changes
    categorical: tuple[str, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, roles: Roles, code: Rows, products: int, harmonics: int) -> Context:
        """From rows to learn from. Raises TableError for a wrong time or number."""
        taken = {roles.price, roles.quantity, roles.product, roles.time}
        first_day, span = 0, 0
        if roles.time:
            day = days(frame, roles.time)
            first_day, span = int(day.min()), int(day.max() - day.min()) + 1
        return cls(
            time=roles.time,
            first_day=first_day,
            harmonics=harmonics if span >= _LEAST_YEARLY else 0,
            changes=Changes.fit(frame, [name for name in roles.numeric if name not in taken], code, products),
            categorical=tuple(name for name in roles.categorical if name not in taken),
        )

    def table(self, frame: pd.DataFrame, code: Rows) -> pd.DataFrame:
        """Features by name, one row a row. Raises TableError naming a missing column or a wrong value."""
        found: dict[str, Any] = {}
        if self.time:
            years = (days(frame, self.time) - self.first_day) / DAYS_A_YEAR
            found["trend"] = years
            for number in range(1, self.harmonics + 1):
                angle = 2 * np.pi * number * (years + self.first_day / DAYS_A_YEAR)
                found[f"year_sin_{number}"], found[f"year_cos_{number}"] = np.sin(angle), np.cos(angle)
        found |= {_CHANGE + name: change for name, change in self.changes.of(frame, code).items()}
        found |= {_KIND + name: texts(frame, name) for name in self.categorical}
        return pd.DataFrame(found, index=pd.RangeIndex(len(frame)))

    @property
    def numeric(self) -> list[str]:
        timed = ["trend"] if self.time else []
        waves = [f"year_{wave}_{number}" for number in range(1, self.harmonics + 1) for wave in ("sin", "cos")]
        return [*timed, *waves, *(_CHANGE + name for name in self.changes.columns)]

    @property
    def kinds(self) -> list[str]:
        return [_KIND + name for name in self.categorical]

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.changes.arrays()

    def config(self) -> dict[str, Any]:
        return {
            "time": self.time,
            "first_day": self.first_day,
            "harmonics": self.harmonics,
            "context_numeric": list(self.changes.columns),
            "context_categorical": list(self.categorical),
        }

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Context:
        return cls(
            time=str(config["time"]),
            first_day=int(config["first_day"]),
            harmonics=int(config["harmonics"]),
            changes=Changes.rebuild(arrays, config["context_numeric"]),
            categorical=tuple(config["context_categorical"]),
        )

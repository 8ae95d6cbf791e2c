"""Tables that are made up, each by a documented process whose truth is known (docs/synthetic-data.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pandas as pd

from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles


@dataclass(frozen=True)
class SyntheticTable:
    """A table, what its columns are, and how it came about.

    Attributes:
        frame: one row an observation, in a fixed order.
        roles: which column is what.
        truth: JSON-able; the numbers that made the table, which a good model finds again.
        columns: one {"name", "type", "role", "description"} a column of ``frame``, in its order.
        process: how a row comes about, in words and formulas.
    """

    frame: pd.DataFrame
    roles: Roles
    truth: dict[str, Any]
    columns: list[dict[str, str]]
    process: str


Make = Callable[..., SyntheticTable]


def _of(package: str) -> Make:
    """The package's ``synthetic(seed, **sizes)``, imported when called: packages import this module themselves."""

    def make(seed: int = 0, **sizes: int) -> SyntheticTable:
        module: Any = import_module(f"experiments.learning.tabular.{package}")
        table: SyntheticTable = module.synthetic(seed, **sizes)
        return table

    return make


SYNTHETIC: dict[Family, Make] = {
    Family.FORECASTING: _of("forecasting"),
    Family.PRICING: _of("pricing"),
    Family.NEXT_BEST_ACTION: _of("next_best_action"),
    Family.LOCATION_SCORING: _of("location_scoring"),
}
"""Family to ``synthetic(seed=0, **sizes)``; adding a family is one line."""

"""What a model on tables must be given: its columns by role, and rows of values checked against them by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from experiments.learning.data.chosen_features import Features
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.learning.tabular.columns import LARGEST
from mlopspro.serving.problems import CannotAnswer, Problem

Kind = Literal["number", "text", "time"]
Row = Mapping[str, Any]
LONGEST_TEXT = 200
MOST_ROWS = 1_000
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Column:
    """``role`` in words of the family; a column that is not required counts as missing where it is left out."""

    name: str
    kind: Kind
    role: str
    required: bool
    example: str = ""

    @property
    def accepted(self) -> str:
        words = {
            "number": "a number",
            "text": f"text of up to {LONGEST_TEXT} characters",
            "time": "a day as 2026-11-21",
        }
        return words[self.kind] + ("" if self.required else ", or nothing")


@dataclass(frozen=True)
class TableInputs:
    """``unit`` are the columns that say whom or what a row is about; ``action`` is next best action's, else empty."""

    family: Family
    columns: tuple[Column, ...]
    unit: tuple[str, ...]
    action: str = ""

    def checked(self, rows: Sequence[Row]) -> pd.DataFrame:
        """One row each, in order, every column there. Raises CannotAnswer naming row, column, value and what is
        accepted, up to 20 of them."""
        if not 1 <= len(rows) <= MOST_ROWS:
            raise CannotAnswer([Problem("rows", f"there are {len(rows)}; accepted: 1 to {MOST_ROWS:,}")])
        problems: list[Problem] = []
        names = {column.name for column in self.columns}
        for at, row in enumerate(rows):
            for name in row:
                if name not in names:
                    accepted = ", ".join(column.name for column in self.columns)
                    problems.append(
                        Problem(f"rows[{at}].{name[:60]}", f"is no column of this model; accepted: {accepted}")
                    )
            problems += [
                Problem(f"rows[{at}].{column.name}", words)
                for column in self.columns
                if (words := _wrong(column, row.get(column.name)))
            ]
            if len(problems) >= MOST_PROBLEMS:
                break
        if problems:
            raise CannotAnswer(problems[:MOST_PROBLEMS])
        return pd.DataFrame({column.name: _cells(column, rows) for column in self.columns})

    def unit_of(self, row: Row) -> str:
        """Whom or what a row is about, "" where it does not say: a series, a product, a customer."""
        return " · ".join(str(row[name]) for name in self.unit if row.get(name) not in (None, ""))


def inputs_of(
    family: Family, roles: Roles, preparation: Mapping[str, Any], described: Sequence[Mapping[str, Any]]
) -> TableInputs:
    """From the version's roles, less the features its recipe left out. What is to be predicted is not asked for."""
    features = Features.of(preparation.get("features", {}))
    examples = {str(one.get("name")): one for one in described}
    found: dict[str, Column] = {}

    def add(name: str, kind: Kind, role: str, required: bool = False) -> None:
        if name and name not in found:
            found[name] = Column(name, kind, role, required, _example(examples.get(name, {})))

    add(
        roles.time,
        "time",
        "time",
        required=family is Family.FORECASTING or bool(roles.time and family is Family.PRICING),
    )
    for name in roles.series:
        add(name, "text", "series", required=True)
    add(roles.product, "text", "product", required=True)
    add(roles.price, "number", "price", required=True)
    add(roles.unit, "text", "customer")
    add(roles.action, "text", "action")
    add(roles.latitude, "number", "latitude")
    add(roles.longitude, "number", "longitude")
    answers = {roles.target, roles.quantity, roles.outcome}
    for name in features.chosen(roles.numeric):
        if name not in answers:
            add(name, "number", "numeric feature")
    for name in features.chosen(roles.categorical):
        if name not in answers:
            add(name, "text", "categorical feature")
    if family is Family.NEXT_BEST_ACTION:
        found.pop(roles.time, None)  # it orders the rows of training and is nothing that the model reads
    units = {
        Family.FORECASTING: roles.series,
        Family.PRICING: (roles.product,),
        Family.NEXT_BEST_ACTION: (roles.unit,),
    }
    unit = tuple(name for name in units.get(family, ()) if name)
    return TableInputs(family, tuple(found.values()), unit, roles.action if family is Family.NEXT_BEST_ACTION else "")


def _example(described: Mapping[str, Any]) -> str:
    """A value the data had: its lowest, as the dataset's page shows it."""
    value = described.get("minimum")
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)[:60]


def _wrong(column: Column, value: Any) -> str:
    """What is wrong with a value, "" where nothing is."""
    if value is None or value == "":
        return f"is missing; accepted: {column.accepted}" if column.required else ""
    shown = f"is {str(value)[:60]!r}; accepted: {column.accepted}"
    if column.kind == "number":
        fine = isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= LARGEST)
        return "" if fine else shown
    if column.kind == "time":
        return "" if isinstance(value, str) and _is_time(value) else shown
    fine = isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= LONGEST_TEXT)
    return "" if fine else shown


def _is_time(text: str) -> bool:
    try:
        return 1677 < dt.datetime.fromisoformat(text).year < 2262  # what nanoseconds in 64 bits can hold
    except ValueError:
        return False


def _cells(column: Column, rows: Sequence[Row]) -> Any:
    values = [row.get(column.name) for row in rows]
    if column.kind == "number":
        return np.array([np.nan if value is None or value == "" else float(value) for value in values])
    return pd.Series([None if value == "" else value for value in values], dtype=object)

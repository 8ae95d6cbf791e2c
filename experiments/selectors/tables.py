"""Reads for pages about datasets that are tables. No query: a dataset's row says it all but for its first rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.table_snapshot import first_rows
from experiments.learning.families import ABOUT, Family
from experiments.models import Dataset
from mlopspro.core.formats import metric, number

SHOWN_ROWS = 10
COUNTED = ("series", "product", "action", "unit")
"""Roles whose different values are worth a figure of their own."""


@dataclass(frozen=True)
class Column:
    """A column as the page shows it; ``label`` is that of its role, "" without one."""

    name: str
    label: str
    role: str
    type: str
    missing: int
    missing_share: float
    distinct: int
    lowest: str
    highest: str


@dataclass(frozen=True)
class FirstRows:
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def columns_of(dataset: Dataset) -> list[Column]:
    """Those with a role first, in the order of the family's roles, then the others as they stand."""
    labels = {role.name: role.label for role in ABOUT[Family(dataset.family)].roles}
    order = list(labels)
    rows = dataset.num_interactions or 1
    columns = [
        Column(
            name=column["name"],
            label=labels.get(column["role"], ""),
            role=column["role"],
            type=column["type"],
            missing=column["missing"],
            missing_share=column["missing"] / rows,
            distinct=column["distinct"],
            lowest=_end(column["minimum"], column["type"]),
            highest=_end(column["maximum"], column["type"]),
        )
        for column in dataset.columns
    ]
    return sorted(columns, key=lambda column: order.index(column.role) if column.role in order else len(order))


def first_rows_of(dataset: Dataset) -> FirstRows | None:
    """The first ten rows as text; None where the snapshot cannot be read."""
    try:
        frame = first_rows(dataset.path, SHOWN_ROWS)
    except DatasetError:
        return None
    cells = [[_cell(value) for value in frame[name]] for name in frame.columns]
    return FirstRows(tuple(map(str, frame.columns)), tuple(zip(*cells, strict=True)))


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return _moment(value.to_pydatetime())
    return f"{value:g}" if isinstance(value, float) and not value.is_integer() else _whole(value)


def _whole(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) else str(value)


def _end(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "time":
        return _moment(dt.datetime.fromisoformat(value))
    return number(value) if float(value).is_integer() else metric(value)


def _moment(moment: dt.datetime) -> str:
    """A day where there is no time of day; UTC."""
    return (
        f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else f"{moment:%Y-%m-%d %H:%M}"
    )

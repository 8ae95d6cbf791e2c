"""One prediction on a table with what each column adds to it, as page and API show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.tables import table_shapley
from experiments.learning.families import Family
from experiments.learning.tabular.base import TableError
from experiments.learning.tabular.scorers.links import Link
from experiments.services.explained_table import ExplainedTable
from experiments.services.spec import Problem, Refused

EXAMPLES = 5
LONGEST = 200


@dataclass(frozen=True)
class InputColumn:
    """A column that a prediction reads. ``choices`` are the values it has in the rows, where these are few kinds."""

    name: str
    is_number: bool
    is_day: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownColumn:
    """``value`` is what the column holds in the row, ``adds`` its Shapley value on the scale of the model."""

    name: str
    value: str
    adds: float


@dataclass(frozen=True)
class RowExplanation:
    """``base`` + the sum of ``columns`` = ``raw``, which through the link is ``predicted`` unless the model calibrates
    or cuts it afterwards (``adjusted``). ``changed``: columns whose values were typed."""

    row: int
    label: str
    columns: tuple[ShownColumn, ...]
    base: float
    raw: float
    predicted: float
    link: Link
    adjusted: bool
    changed: tuple[str, ...]
    inputs: Mapping[str, str]


def input_columns(model: ExplainedTable) -> list[InputColumn]:
    """In the order of the roles."""
    roles = model.roles
    numeric = {*roles.numeric, roles.price, roles.latitude, roles.longitude}
    return [
        InputColumn(
            str(name),
            str(name) in numeric,
            str(name) == roles.time,
            () if str(name) in numeric or str(name) == roles.time else _choices(model, str(name)),
        )
        for name in model.rows.columns
    ]


def examples(model: ExplainedTable) -> list[tuple[int, str]]:
    """(number, name) of some rows, evenly spaced."""
    places = np.unique(np.linspace(0, len(model.rows) - 1, min(EXAMPLES, len(model.rows))).round().astype(np.int64))
    return [(model.numbers[place], label_of(model, int(place))) for place in places]


def label_of(model: ExplainedTable, place: int) -> str:
    """What people call a row: the series and the day of a forecast, the number of any other."""
    if model.family is not Family.FORECASTING:
        return f"Row {model.numbers[place]:,}"
    row = model.rows.iloc[place]
    series = " / ".join(_text(row[name]) for name in model.roles.series)
    return f"{series} · {_text(row[model.roles.time])}" if series else _text(row[model.roles.time])


def explain_row(model: ExplainedTable, row: int, typed: Mapping[str, str] | None = None) -> RowExplanation:
    """The prediction of a row, with other values where some are typed ("" is a missing value).

    Raises Refused naming the column and what is accepted.
    """
    if row not in model.numbers:
        near = sorted(model.numbers, key=lambda each: abs(each - row))[:3]
        raise Refused([Problem("row", f"{row} cannot be asked about; accepted: a tested row, such as "
                                      f"{', '.join(map(str, sorted(near)))}")])  # fmt: skip
    place = model.numbers.index(row)
    frame = model.rows.iloc[[place]].reset_index(drop=True)
    shown = {str(name): _text(frame[name].iloc[0]) for name in frame}
    changed = {name: text.strip() for name, text in (typed or {}).items() if text.strip() != shown.get(name)}
    frame = frame.assign(**_read(model, changed))
    try:
        found = table_shapley(model.scorer, frame, model.background)
    except (TableError, NotExplainable) as error:
        raise Refused([Problem("values", str(error))]) from error
    return _explained(model, place, found, tuple(changed), shown | changed)


def _explained(model: ExplainedTable, place: int, found: Any, changed: tuple[str, ...], inputs: Any) -> RowExplanation:
    raw, predicted = float(found.raw[0]), float(found.predicted[0])
    through = {"identity": raw, "log": float(np.exp(min(raw, 700.0))), "logit": float(1 / (1 + np.exp(-raw)))}
    columns = [
        ShownColumn(name, _text(found.inputs.iloc[0, at]), float(found.values[0, at]))
        for at, name in enumerate(found.columns)
    ]
    columns.sort(key=lambda each: -abs(each.adds))
    return RowExplanation(
        row=model.numbers[place],
        label=label_of(model, place),
        columns=tuple(columns),
        base=float(found.base[0]),
        raw=raw,
        predicted=predicted,
        link=found.link,
        adjusted=abs(through[found.link] - predicted) > 1e-6 * max(1.0, abs(predicted)),
        changed=changed,
        inputs=inputs,
    )


def _read(model: ExplainedTable, changed: Mapping[str, str]) -> dict[str, list[Any]]:
    columns = {each.name: each for each in input_columns(model)}
    problems: list[Problem] = []
    found: dict[str, list[Any]] = {}
    for name, text in changed.items():
        column = columns.get(name)
        if column is None:
            known = ", ".join(columns)
            problems.append(Problem("values", f"{name[:60]!r} is no column of a prediction; accepted: {known}"))
        elif len(text) > LONGEST:
            problems.append(Problem(name, f"it has {len(text)} characters; accepted: at most {LONGEST}"))
        elif column.is_number:
            number = _number(text)
            if number is None:
                problems.append(Problem(name, f"“{text}” is no number; accepted: a number such as 12.5, or nothing"))
            found[name] = [number]
        elif column.is_day and _day(text) is None:
            problems.append(Problem(name, f"“{text}” is no day; accepted: a day such as 2026-11-21"))
        else:
            found[name] = [pd.Timestamp(text) if column.is_day else text or None]
    if problems:
        raise Refused(problems)
    return found


def _number(text: str) -> float | None:
    """NaN for nothing, None for what is no finite number."""
    if not text:
        return float("nan")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _choices(model: ExplainedTable, name: str) -> tuple[str, ...]:
    kinds = sorted({_text(value) for value in model.rows[name].unique()})
    return tuple(kinds) if len(kinds) <= 30 else ()


def _text(value: Any) -> str:
    """A cell as people type it: 12.5, 2026-11-21, "" for nothing."""
    if value is None or value is pd.NaT or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp | np.datetime64 | dt.date):
        return str(pd.Timestamp(value).date())
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    return str(value)

"""Shapley values drawn on the server: a waterfall from the usual answer to this one, and a swarm of dots a column.

Places are percent of the drawing's width; what is drawn always stands in figures beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.explain_bars import signed
from experiments.learning.explain.table_split import TableSplit
from experiments.learning.tabular.scorers.links import Link
from experiments.selectors.table_explanations import RowExplanation, ShownColumn
from mlopspro.core.formats import metric

STEPS = 12
"""Columns that a waterfall shows one by one; the rest is one step."""
SWARMS, DOTS = 10, 60
SWARM_HEIGHT = 26
SCALES: dict[Link, str] = {"identity": "", "log": "logarithm", "logit": "log-odds"}


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall. ``figure`` is what is added, ``factor`` what that multiplies the answer by, where the
    model adds up logarithms."""

    name: str
    value: str
    figure: str
    factor: str
    rises: bool
    x: float
    width: float
    words: str


@dataclass(frozen=True)
class Waterfall:
    steps: tuple[Step, ...]
    base: str
    raw: str
    predicted: str
    scale: str
    zero: float
    """Where the base lies."""


@dataclass(frozen=True)
class Dot:
    """``tone``: low, mid or high of the column's own numbers; none where it holds no numbers."""

    x: float
    y: float
    tone: str


@dataclass(frozen=True)
class Swarm:
    """A column with its mean size, share, and a dot a row."""

    name: str
    size: str
    share: float
    dots: tuple[Dot, ...]


def waterfall(found: RowExplanation) -> Waterfall:
    """From the base to the raw prediction, the largest step first."""
    steps = list(found.columns[:STEPS])
    rest = found.columns[STEPS:]
    if rest:
        steps.append(ShownColumn(f"{len(rest)} further columns", "", sum(each.adds for each in rest)))
    ends = found.base + np.cumsum([0.0, *(each.adds for each in steps)])
    low, high = float(ends.min()), float(ends.max())
    width = (high - low) or 1.0
    drawn = [
        Step(
            name=each.name,
            value=each.value,
            figure=signed(each.adds),
            factor=f"× {metric(float(np.exp(min(each.adds, 700.0))))}" if found.link == "log" else "",
            rises=each.adds >= 0,
            x=round(100 * (min(start, end) - low) / width, 2),
            width=round(100 * abs(each.adds) / width, 2),
            words=f"{each.name}: from {metric(start)} to {metric(end)}",
        )
        for each, start, end in zip(steps, ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]
    return Waterfall(
        steps=tuple(drawn),
        base=metric(found.base),
        raw=metric(found.raw),
        predicted=metric(found.predicted),
        scale=SCALES[found.link],
        zero=round(100 * (found.base - low) / width, 2),
    )


def swarms(judged: TableSplit, importance: Sequence[dict[str, Any]]) -> tuple[list[Swarm], float]:
    """The ten columns of the largest mean size, and where zero lies in all of them (percent)."""
    shown = list(importance[:SWARMS])
    places = [judged.columns.index(each["name"]) for each in shown]
    rows = np.unique(np.linspace(0, len(judged.values) - 1, min(len(judged.values), DOTS)).round().astype(np.int64))
    values = judged.values[rows][:, places]
    low, high = min(float(values.min(initial=0.0)), 0.0), max(float(values.max(initial=0.0)), 0.0)
    width = (high - low) or 1.0
    found = [
        Swarm(
            name=each["name"],
            size=metric(each["size"]),
            share=each["share"],
            dots=_dots(2 + 96 * (values[:, at] - low) / width, _tones(judged.inputs.iloc[rows, place])),
        )
        for at, (each, place) in enumerate(zip(shown, places, strict=True))
    ]
    return found, round(2 + 96 * -low / width, 2)


def _dots(x: np.ndarray[Any, np.dtype[np.float64]], tones: list[str]) -> tuple[Dot, ...]:
    """Dots that would lie on one another stand above and below."""
    met: dict[int, int] = {}
    dots = []
    for place, tone in zip(x.tolist(), tones, strict=True):
        column = int(place)
        number = met[column] = met.get(column, 0) + 1
        offset = (number // 2) * (3 if number % 2 else -3)
        dots.append(Dot(round(place, 1), max(3.0, min(SWARM_HEIGHT - 3.0, SWARM_HEIGHT / 2 + offset)), tone))
    return tuple(dots)


def _tones(column: pd.Series[Any]) -> list[str]:
    """By thirds of the column's own numbers."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).any() or np.nanmin(numbers) == np.nanmax(numbers):
        return ["none"] * len(numbers)
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
    return [
        "none" if np.isnan(each) else "low" if each <= low else "high" if each > high else "mid" for each in numbers
    ]

"""Charts of many runs: clouds of any two columns, lines across many, means of groups. Records, drawn by scripts."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.urls import reverse

from experiments.models import Experiment
from experiments.selectors.columns import Column
from experiments.selectors.groups import Group, GroupBy
from experiments.selectors.many_runs import MOMENTS, ManyRuns, full_label, has_words, is_number, term_of
from mlopspro.core.charts import PALETTE_SIZE, Axis, AxisKind, Colour, ScatterChart, Series, plain
from mlopspro.core.interval_chart import Interval, IntervalChart, interval_chart
from mlopspro.core.parallel import ParallelAxis, ParallelChart

NO_VALUE = "no value"
OTHERS = "Others"
BANDS = 5
WIDE = 50
"""Parameters that span more than this factor are drawn on a logarithmic axis unless somebody says otherwise."""
MOST_INTERVALS = 20


@dataclass(frozen=True)
class Point:
    """A run with both of its numbers."""

    run: Experiment
    x: float
    y: float


def points_of(found: ManyRuns, x: Column, y: Column) -> list[Point]:
    """The runs that have a number on both axes; the rest cannot be drawn."""
    places = ((run, found.number(run, x), found.number(run, y)) for run in found.runs)
    return [Point(run, a, b) for run, a, b in places if a is not None and b is not None]


def axis_of(column: Column, *, log: bool = False) -> Axis:
    kind: AxisKind = "duration" if column.key == "duration" else "time" if column.key in MOMENTS else "number"
    return Axis(full_label(column), kind=kind, log=log)


def spans_widely(found: ManyRuns, column: Column) -> bool:
    """Whether a parameter is above 0 throughout and its largest value is more than WIDE times its smallest."""
    if column.kind != "parameter" or not column.numeric:
        return False
    known = [number for run in found.runs if (number := found.number(run, column)) is not None]
    return bool(known) and min(known) > 0 and max(known) > WIDE * min(known)


def scatter(
    found: ManyRuns, points: Sequence[Point], x: Column, y: Column, colour: Column | None, *, log: tuple[bool, bool]
) -> ScatterChart:
    """A point a run, coloured by words or by bands of a number; the baseline as a star. Log axes show what is > 0."""
    drawn = [point for point in points if (point.x > 0 or not log[0]) and (point.y > 0 or not log[1])]
    series = [_series(name, place, members) for name, place, members in _coloured(found, drawn, colour)]
    star = _baseline(found, x, y)
    return ScatterChart(
        key="scatter",
        title=f"{full_label(y)} against {full_label(x)}",
        series=(*series, *([star] if star else [])),
        x=axis_of(x, log=log[0]),
        y=axis_of(y, log=log[1]),
        empty="No run has a number on both axes.",
    )


def _series(name: str, colour: Colour, points: Sequence[Point]) -> Series:
    return Series(
        name,
        tuple((point.x, point.y) for point in points),
        colour,
        names=tuple(point.run.name for point in points),
        links=tuple(address_of(point.run.pk) for point in points),
    )


def address_of(pk: uuid.UUID) -> str:
    """A run's page; as ``reverse`` gives it, a thousand times faster."""
    return _pattern().replace("{id}", str(pk))


@cache
def _pattern() -> str:
    nobody = uuid.UUID(int=0)
    return reverse("experiments:experiment", args=[nobody]).replace(str(nobody), "{id}")


def _baseline(found: ManyRuns, x: Column, y: Column) -> Series | None:
    run = found.baseline
    if run is None:
        return None
    places = found.number(run, x), found.number(run, y)
    if places[0] is None or places[1] is None:
        return None
    point = Point(run, places[0], places[1])
    return Series(
        "Baseline", ((point.x, point.y),), "reference", names=(run.name,), links=(address_of(run.pk),), star=True
    )


def _coloured(found: ManyRuns, points: Sequence[Point], colour: Column | None) -> list[tuple[str, Colour, list[Point]]]:
    if colour is None:
        return [("Runs", 1, list(points))] if points else []
    return _by_words(found, points, colour) if not is_number(colour) else _by_bands(found, points, colour)


def _by_words(found: ManyRuns, points: Sequence[Point], colour: Column) -> list[tuple[str, Colour, list[Point]]]:
    """The words that most runs have, each in its colour; the rest in grey."""
    words = {point.run.pk: found.word(point.run, colour) for point in points}
    counts = Counter(word for word in words.values() if word is not None)
    shown = [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    shown = sorted(shown[: PALETTE_SIZE - 1] if len(shown) > PALETTE_SIZE else shown)
    parts: list[tuple[str, Colour, list[Point]]] = [
        (word, place, [point for point in points if words[point.run.pk] == word]) for place, word in enumerate(shown, 1)
    ]
    parts.append((OTHERS, "reference", [p for p in points if (w := words[p.run.pk]) is not None and w not in shown]))
    parts.append((NO_VALUE, "reference", [point for point in points if words[point.run.pk] is None]))
    return [part for part in parts if part[2]]


SCALE: tuple[Literal["scale-1", "scale-2", "scale-3", "scale-4", "scale-5"], ...] = (
    "scale-1",
    "scale-2",
    "scale-3",
    "scale-4",
    "scale-5",
)


def _by_bands(found: ManyRuns, points: Sequence[Point], colour: Column) -> list[tuple[str, Colour, list[Point]]]:
    """Bands with about as many runs each, from low to high; few different numbers are each their own band."""
    numbers = {point.run.pk: found.number(point.run, colour) for point in points}
    known = sorted(number for number in numbers.values() if number is not None)
    distinct = sorted(set(known))
    if len(distinct) <= BANDS:
        lows = distinct
    else:
        lows = sorted({known[place * len(known) // BANDS] for place in range(BANDS)})
    parts: list[tuple[str, Colour, list[Point]]] = []
    for place, low in enumerate(lows):
        above = lows[place + 1] if place + 1 < len(lows) else float("inf")
        members = [p for p in points if (n := numbers[p.run.pk]) is not None and low <= n < above]
        inside = [n for p in members if (n := numbers[p.run.pk]) is not None]
        first, last = plain(min(inside)), plain(max(inside))
        name = f"{colour.label} {first}" if first == last else f"{colour.label} {first} to {last}"
        step = round(place * (BANDS - 1) / max(1, len(lows) - 1))
        parts.append((name, SCALE[step], members))
    parts.append((NO_VALUE, "reference", [point for point in points if numbers[point.run.pk] is None]))
    return [part for part in parts if part[2]]


def parallel(found: ManyRuns, columns: Sequence[Column], colour: Column | None, log: frozenset[str]) -> ParallelChart:
    """A line a run across these columns; ``log`` are the keys of logarithmic axes."""
    runs = found.runs
    return ParallelChart(
        key="parallel",
        title=f"{len(runs)} runs" if runs else "Runs",
        names=tuple(run.name for run in runs),
        ids=tuple(str(run.pk) for run in runs),
        link=_pattern(),
        axes=tuple(_axis(found, column, log) for column in columns),
        colour=_axis(found, colour, log) if colour is not None else None,
        baseline=str(found.baseline.pk) if found.baseline is not None else "",
        empty="Choose at least two axes." if runs else "No runs to draw.",
    )


def _axis(found: ManyRuns, column: Column, log: frozenset[str]) -> ParallelAxis:
    words = not is_number(column)
    values = tuple(found.word(run, column) if words else found.number(run, column) for run in found.runs)
    return ParallelAxis(
        key=column.key,
        label=column.label,
        hint=column.protocol,
        values=values,
        term=term_of(column) if has_words(column) or column.numeric else "",
        kind=axis_of(column).kind,
        scale="words" if words else "log" if column.key in log else "linear",
    )


def group_intervals(
    groups: Sequence[Group], by: GroupBy, column: Column, place: int, links: Sequence[str]
) -> IntervalChart:
    """The mean of one column in each group with its interval, the groups in the order they are given."""
    intervals = [
        Interval(group.label, summary.mean, summary.low, summary.high, summary.count, link)
        for group, link in zip(groups, links, strict=True)
        if (summary := group.summaries[place]).mean is not None
    ]
    return interval_chart(
        f"groups-{place}",
        f"{full_label(column)} by {by.label}",
        intervals[:MOST_INTERVALS],
        group=by.label,
        value=axis_of(column),
        empty="No run of these groups has this figure.",
        summary=f"The first {MOST_INTERVALS} groups." if len(intervals) > MOST_INTERVALS else "",
    )

"""Charts as immutable records: built and tested in Python, handed to the page as escaped JSON, drawn by one script.

``payload()`` gives a JSON-safe dictionary for static/js/charts.js, ``table()`` the same figures for people who read
rather than look. Undefined numbers (NaN, infinity) become null, which draws a gap.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from mlopspro.core.formats import as_float, metric, number
from mlopspro.core.thinning import MAX_POINTS, Point, thin

Row = TypeVar("Row")
PALETTE_SIZE = 8
MAX_TABLE_ROWS = 100

AxisKind = Literal["number", "integer", "share", "duration", "time"]
Colour = int | Literal["reference", "scale-1", "scale-2", "scale-3", "scale-4", "scale-5"] | None
"""1 to 8: a place in the chart palette; "reference": grey; scale-1 to scale-5: low to high; None: the next place."""


@dataclass(frozen=True)
class Axis:
    """``kind`` says how its numbers are written; duration is in seconds, time in seconds since 1970 (UTC)."""

    title: str
    unit: str = ""
    kind: AxisKind = "number"
    log: bool = False
    minimum: float | None = None
    maximum: float | None = None
    key: str = ""
    """For an axis people can choose: the name under which series carry their places on it (``Series.also_at``)."""

    @property
    def label(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def payload(self) -> dict[str, Any]:
        return {
            "title": self.label,
            "kind": self.kind,
            "log": self.log,
            "min": as_float(self.minimum),
            "max": as_float(self.maximum),
            "key": self.key,
        }


@dataclass(frozen=True)
class Series:
    """One line, cloud or row of bars. ``points`` are (x, y); in charts with categories only y counts."""

    name: str
    points: tuple[Point, ...]
    colour: Colour = None
    dashed: bool = False
    """A dashed line; in bar charts hollow bars."""
    hidden: bool = False
    also_at: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Other places for the same points, for example {"seconds": (0.4, 0.9, …)}, as long as ``points``."""
    drawn: Literal["line", "points", "steps", "band"] = "line"
    """In line charts: joined, as points alone, holding each value until the next, or as the upper end of a band whose
    lower end is the series before it; in bar charts points are marks."""
    names: tuple[str, ...] = ()
    """What each point is, such as the run's name; empty, or as long as ``points``."""
    links: tuple[str, ...] = ()
    """Where a click on each point leads; empty, or as long as ``points``."""
    star: bool = False
    """Drawn large and as a star, above the others."""

    def __post_init__(self) -> None:
        for key, places in self.also_at.items():
            if len(places) != len(self.points):
                raise ValueError(f"also_at[{key!r}] has {len(places)} places for {len(self.points)} points.")
        for key, texts in (("names", self.names), ("links", self.links)):
            if texts and len(texts) != len(self.points):
                raise ValueError(f"{key} has {len(texts)} texts for {len(self.points)} points.")

    @classmethod
    def of(cls, name: str, ys: Iterable[float | None], start: int = 1, **options: Any) -> Series:
        """A series at x = start, start + 1, …, such as epochs."""
        return cls(name, tuple((x, y) for x, y in enumerate(ys, start)), **options)

    def payload(self) -> dict[str, Any]:
        kept, indices = thin(self.points, MAX_POINTS)
        return {
            "name": self.name,
            "points": [[as_float(x), as_float(y)] for x, y in kept],
            "also_at": {key: [as_float(places[i]) for i in indices] for key, places in self.also_at.items()},
            "colour": self.colour,
            "dashed": self.dashed,
            "hidden": self.hidden,
            "thinned_from": len(self.points) if len(kept) < len(self.points) else None,
            **({"drawn": self.drawn} if self.drawn != "line" else {}),
            **({"names": [self.names[i] for i in indices]} if self.names else {}),
            **({"links": [self.links[i] for i in indices]} if self.links else {}),
            **({"star": True} if self.star else {}),
        }


@dataclass(frozen=True)
class Threshold:
    """A dashed line across the plot at ``value`` of one axis."""

    label: str
    value: float
    axis: Literal["x", "y"] = "y"

    def payload(self) -> dict[str, Any]:
        return {"label": self.label, "value": as_float(self.value), "axis": self.axis}


@dataclass(frozen=True)
class Table:
    """A chart's figures in rows; ``note`` says so where rows were left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    links: tuple[str, ...] = ()
    """Where the first cell of each row leads; empty, or as long as ``rows``."""

    @property
    def linked_rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each row with its link, "" where it has none."""
        return list(zip(self.links or ("",) * len(self.rows), self.rows, strict=True))


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What all charts share. ``key`` is unique on the page and stays the same when the figures are refreshed."""

    KIND: ClassVar[str]

    key: str
    title: str
    series: tuple[Series, ...]
    x: Axis
    y: Axis
    thresholds: tuple[Threshold, ...] = ()
    summary: str = ""
    """One sentence for people who cannot see the drawing."""
    empty: str = "No figures yet."
    error: str = ""
    group: str = ""
    """Charts of one group show and hide series of the same name together."""

    @property
    def is_empty(self) -> bool:
        return not any(y is not None for series in self.series for _, y in series.points)

    @property
    def description(self) -> str:
        names = ", ".join(series.name for series in self.series)
        return self.summary or f"{self.title}: {names} by {self.x.label}. The figures follow as a table."

    def payload(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "key": self.key,
            "title": self.title,
            "x": self.x.payload(),
            "y": self.y.payload(),
            "series": [series.payload() for series in self.series],
            "thresholds": [threshold.payload() for threshold in self.thresholds],
            **({"group": self.group} if self.group else {}),
            "empty": self.error or (self.empty if self.is_empty else ""),
        }

    def table(self) -> Table:
        """One row for each x that any series has, one column a series."""
        columns = [dict(series.points) for series in self.series]
        xs = sorted({x for column in columns for x in column})
        shown, note = sample(xs)
        rows = tuple((placed(self.x, x), *(metric(column.get(x)) for column in columns)) for x in shown)
        return Table((self.x.label, *(series.name for series in self.series)), rows, note)


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """Curves. ``x_choices`` are further axes to choose from; smoothing offers a slider (debiased moving average)."""

    KIND: ClassVar[str] = "line"

    x_choices: tuple[Axis, ...] = ()
    smoothing: bool = False
    outliers: bool = False
    """Offer to leave the outermost 5 % of the y values out of view."""

    def payload(self) -> dict[str, Any]:
        choices = [axis.payload() for axis in self.x_choices]
        return {**super().payload(), "x_choices": choices, "smoothing": self.smoothing, "outliers": self.outliers}


@dataclass(frozen=True, kw_only=True)
class ScatterChart(Chart):
    """Points of any two quantities. Where points have names and links, the table leads to them too."""

    KIND: ClassVar[str] = "scatter"

    def table(self) -> Table:
        """One row a point: its name where it has one, its series, and both quantities."""
        named = any(series.names for series in self.series)
        points = [
            (
                series.links[i] if series.links else "",
                (*((series.names[i] if series.names else "",) if named else ()), series.name),
                (x, y),
            )
            for series in self.series
            for i, (x, y) in enumerate(series.points)
        ]
        shown, note = sample(points)
        return Table(
            (*(("Name",) if named else ()), "Series", self.x.label, self.y.label),
            tuple(
                (*words, *(placed(axis, at, metric) for axis, at in zip((self.x, self.y), place, strict=True)))
                for _, words, place in shown
            ),
            note,
            tuple(link for link, _, _ in shown) if any(link for link, _, _ in shown) else (),
        )


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """A bar for each category and series; points are (index of the category, value)."""

    KIND: ClassVar[str] = "bar"

    categories: tuple[str, ...]
    horizontal: bool = False

    def payload(self) -> dict[str, Any]:
        return {**super().payload(), "categories": list(self.categories), "horizontal": self.horizontal}

    def table(self) -> Table:
        columns = [dict(series.points) for series in self.series]
        rows = [(name, *(metric(c.get(i)) for c in columns)) for i, name in enumerate(self.categories)]
        shown, note = sample(rows)
        return Table((self.x.label, *(series.name for series in self.series)), tuple(shown), note)


@dataclass(frozen=True, kw_only=True)
class HistogramChart(Chart):
    """Counts or shares in bins; ``edges`` has one number more than each series has points."""

    KIND: ClassVar[str] = "histogram"

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        for series in self.series:
            if len(series.points) != len(self.edges) - 1:
                raise ValueError(f"{series.name!r} has {len(series.points)} bins for {len(self.edges)} edges.")

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(f"{low:.4g} – {high:.4g}" for low, high in zip(self.edges, self.edges[1:], strict=False))

    def payload(self) -> dict[str, Any]:
        return {**super().payload(), "categories": list(self.bins), "edges": [as_float(edge) for edge in self.edges]}

    def table(self) -> Table:
        columns = [[plain(y) for _, y in series.points] for series in self.series]
        shown, note = sample(list(zip(self.bins, *columns, strict=True)))
        return Table((self.x.label, *(series.name for series in self.series)), tuple(shown), note)


def bars(name: str, values: Sequence[float | None], **options: Any) -> Series:
    """A series for bar charts and histograms: the n-th value belongs to the n-th category or bin."""
    return Series.of(name, values, start=0, **options)


def run_colours(ids: Iterable[uuid.UUID | str]) -> dict[str, int]:
    """A palette place for each run: its own place on every page, or the next free one where two runs shown collide.

    The place follows from the id alone, and collisions are resolved in the order of the ids, so the same set of runs
    has the same colours on every page. Past eight runs colours repeat, evenly.
    """
    places: dict[str, int] = {}
    taken: set[int] = set()
    for key in sorted({str(uuid.UUID(str(given))) for given in ids}):
        place = uuid.UUID(key).int % PALETTE_SIZE
        if len(taken) == PALETTE_SIZE:  # a second round, so that sixteen runs take each colour at most twice
            taken.clear()
        while place in taken:
            place = (place + 1) % PALETTE_SIZE
        taken.add(place)
        places[key] = place + 1
    return places


def plain(value: float | None) -> str:
    """Whole numbers as they are, others to three significant digits."""
    known = as_float(value)
    return number(known) if known is not None and known.is_integer() and abs(known) < 1e15 else metric(known)


def placed(axis: Axis, value: float | None, otherwise: Callable[[float | None], str] = plain) -> str:
    """A place on an axis in words: times in UTC to the minute, other figures as ``otherwise`` writes them."""
    known = as_float(value)
    if axis.kind != "time" or known is None:
        return otherwise(value)
    return f"{dt.datetime.fromtimestamp(known, dt.UTC):%Y-%m-%d %H:%M}"


def sample(rows: Sequence[Row]) -> tuple[Sequence[Row], str]:
    """At most MAX_TABLE_ROWS rows, evenly spaced, first and last among them, and a sentence where some are left out."""
    if len(rows) <= MAX_TABLE_ROWS:
        return rows, ""
    step = (len(rows) - 1) / (MAX_TABLE_ROWS - 1)
    kept = [rows[round(i * step)] for i in range(MAX_TABLE_ROWS)]
    return (
        kept,
        f"{number(MAX_TABLE_ROWS)} of {number(len(rows))} rows, evenly spaced. The download has all that is drawn.",
    )

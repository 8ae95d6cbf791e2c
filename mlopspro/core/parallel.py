"""Parallel coordinates as an immutable record: one line a run across axes of its own quantities.

Drawn by static/js/parallel.js (Chart.js has no such chart). Values stand column by column, so that a thousand lines
stay small on their way to the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mlopspro.core.charts import AxisKind, Table, sample
from mlopspro.core.formats import UNDEFINED, as_float, metric

Value = float | str | None


@dataclass(frozen=True)
class ParallelAxis:
    """One axis: numbers, or words that each have a place. A value of None lies below the axis, as "no value"."""

    key: str
    label: str
    values: tuple[Value, ...]
    term: str = ""
    """How a query calls it, such as ``params.epochs``; empty where it cannot be filtered by."""
    hint: str = ""
    kind: AxisKind = "number"
    scale: Literal["linear", "log", "words"] = "linear"

    @property
    def categories(self) -> tuple[str, ...]:
        """The words of a words axis in their order."""
        return tuple(sorted({str(value) for value in self.values if value is not None}, key=_natural))

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Smallest and largest number; None on an axis of words and where no run has a number."""
        known = [number for value in self.values if (number := as_float(value)) is not None]
        return (min(known), max(known)) if known and self.scale != "words" else None

    @property
    def is_log(self) -> bool:
        """A logarithmic axis needs numbers above zero; others are drawn as they are."""
        bounds = self.bounds
        return self.scale == "log" and bounds is not None and bounds[0] > 0

    def payload(self) -> dict[str, Any]:
        words = self.scale == "words"
        categories = self.categories if words else ()
        places = {name: place for place, name in enumerate(categories)}
        values = [places.get(str(v)) if v is not None else None for v in self.values] if words else None
        bounds = self.bounds or (None, None)
        return {
            "key": self.key,
            "label": self.label,
            "hint": self.hint,
            "term": self.term,
            "kind": self.kind,
            "log": self.is_log,
            "categories": list(categories),
            "words": words,
            "min": bounds[0],
            "max": bounds[1],
            "values": values if values is not None else [as_float(value) for value in self.values],
        }


def _natural(word: str) -> tuple[int, float, str]:
    """Numbers by size, then words by letter."""
    number = as_float(word)
    return (0, number, word) if number is not None else (1, 0.0, word)


@dataclass(frozen=True, kw_only=True)
class ParallelChart:
    """``names``, ``ids`` and the values of each axis are as long as each other; ``colour`` is an axis' key.

    Raises:
        ValueError: an axis has more or fewer values than there are lines.
    """

    key: str
    title: str
    names: tuple[str, ...]
    ids: tuple[str, ...]
    link: str
    """Where a line leads, with ``{id}`` for its id."""
    axes: tuple[ParallelAxis, ...]
    colour: ParallelAxis | None = None
    baseline: str = ""
    """The id of the line that is drawn apart."""
    empty: str = "No runs to draw."

    def __post_init__(self) -> None:
        lengths = {len(self.ids), *(len(axis.values) for axis in self.axes)}
        if self.colour is not None:
            lengths.add(len(self.colour.values))
        if lengths - {len(self.names)}:
            raise ValueError(f"{len(self.names)} lines, but values for {sorted(lengths)}.")

    @property
    def is_empty(self) -> bool:
        return not self.names or len(self.axes) < 2

    @property
    def description(self) -> str:
        axes = ", ".join(axis.label for axis in self.axes)
        return f"{len(self.names)} runs as lines across {axes}. The figures follow as a table."

    def payload(self, addresses: Mapping[str, str] | None = None) -> dict[str, Any]:
        """``addresses``: where the page's script leads with the lines that are chosen (see the component)."""
        return {
            "key": self.key,
            "title": self.title,
            "axes": [axis.payload() for axis in self.axes],
            "colour": self.colour.payload() if self.colour is not None else None,
            "names": list(self.names),
            "ids": list(self.ids),
            "link": self.link,
            "baseline": self.ids.index(self.baseline) if self.baseline in self.ids else None,
            "empty": self.empty if self.is_empty else "",
            "addresses": dict(addresses or {}),
        }

    def table(self) -> Table:
        columns: Sequence[tuple[Value, ...]] = [axis.values for axis in self.axes]
        shown, note = sample(range(len(self.names)))
        rows = tuple((self.names[i], *(_text(column[i]) for column in columns)) for i in shown)
        header = ("Run", *(axis.label for axis in self.axes))
        return Table(header, rows, note, tuple(self.link.replace("{id}", self.ids[i]) for i in shown))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else metric(value) if value is not None else UNDEFINED

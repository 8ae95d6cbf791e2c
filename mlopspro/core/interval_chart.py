"""Means with their intervals, one line a group: an immutable record drawn by static/js/charts.js."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlopspro.core.charts import Axis, Chart, Series, Table, Threshold, sample
from mlopspro.core.formats import as_float, metric


@dataclass(frozen=True)
class Interval:
    """One group's mean; ``low`` and ``high`` are None where a single value leaves nothing to say of its spread."""

    name: str
    mean: float
    low: float | None
    high: float | None
    count: int
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class IntervalChart(Chart):
    """A dot at each mean with a whisker from low to high, one row a group, the first on top."""

    KIND: ClassVar[str] = "interval"

    intervals: tuple[Interval, ...]
    counted: str = "runs"
    """What ``Interval.count`` counts, in the plural."""

    @property
    def is_empty(self) -> bool:
        return not self.intervals

    @property
    def description(self) -> str:
        return self.summary or f"{self.title}: mean and interval of {len(self.intervals)} groups, as a table below."

    def payload(self) -> dict[str, Any]:
        bounds = [[as_float(one.low), as_float(one.high)] for one in self.intervals]
        return {
            **super().payload(),
            "horizontal": True,
            "categories": [one.name for one in self.intervals],
            "bounds": bounds,
            "counts": [one.count for one in self.intervals],
            "counted": self.counted,
        }

    def table(self) -> Table:
        shown, note = sample(self.intervals)
        rows = tuple((one.name, str(one.count), metric(one.mean), metric(one.low), metric(one.high)) for one in shown)
        links = tuple(one.link for one in shown) if any(one.link for one in shown) else ()
        return Table((self.x.label, self.counted.capitalize(), "Mean", "Low", "High"), rows, note, links)


def interval_chart(
    key: str,
    title: str,
    intervals: Sequence[Interval],
    *,
    group: str,
    value: Axis,
    thresholds: tuple[Threshold, ...] = (),
    summary: str = "",
    empty: str = "No figures yet.",
    counted: str = "runs",
) -> IntervalChart:
    """The chart of these groups; ``group`` names what a group is, ``value`` is the axis of the means."""
    return IntervalChart(
        key=key,
        title=title,
        series=(Series("Mean", tuple((i, one.mean) for i, one in enumerate(intervals))),) if intervals else (),
        x=Axis(group),
        y=value,
        thresholds=thresholds,
        intervals=tuple(intervals),
        summary=summary,
        empty=empty,
        counted=counted,
    )

"""Pictures of trials: differences with their intervals, how these narrow, and what a number of days can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from mlopspro.core.interval_chart import Interval, IntervalChart, interval_chart
from retraining.selectors.trial_table import ArmRow
from retraining.selectors.trials import CoursePoint

ZERO = Threshold("no difference", 0.0)


def differences(rows: Sequence[ArmRow], axis: Axis, title: str) -> IntervalChart:
    """A whisker a variant; those that can be compared already. ``title``: as "Difference from 1.0.0"."""
    known = [
        Interval(one.number, one.gap.value, one.gap.low, one.gap.high, one.users)
        for one in rows
        if one.gap is not None and not one.control
    ]
    return interval_chart(
        "trial-differences",
        title,
        known,
        group="Version",
        value=_with_zero(axis, [end for one in known for end in (one.mean, one.low, one.high)]),
        thresholds=(ZERO,),
        counted="users",
        summary=f"{title} in {axis.title} of each version, with its interval; right of zero is more.",
        empty="Too few users have come to compare yet.",
    )


def course(points: Sequence[CoursePoint], axis: Axis, title: str) -> LineChart:
    """The difference as readings came, each variant in its band."""
    names = list(dict.fromkeys(name for one in points for name in one.variants))
    series: list[Series] = []
    for place, name in enumerate(names, 1):
        own = [(one.at.timestamp(), one.variants[name]) for one in points if name in one.variants]
        several = f" ({name})" if len(names) > 1 else ""
        if any(found.high is not None for _, found in own):
            low, high = (tuple((at, found.low) for at, found in own), tuple((at, found.high) for at, found in own))
            series += [
                Series(f"Interval from{several}", low, place, dashed=True),
                Series(f"Interval to{several}", high, place, dashed=True, drawn="band"),
            ]
        series.append(Series(name, tuple((at, found.difference) for at, found in own), place))
    return LineChart(
        key="trial-course",
        title=f"{title} over time",
        series=tuple(series),
        x=Axis("Time", kind="time"),
        y=_with_zero(axis, [y for one in series for _, y in one.points]),
        thresholds=(ZERO,),
        outliers=True,
        summary=f"{title} in {axis.title} at each reading, with its interval, which narrows as users come.",
        empty="No reading has enough users to compare yet.",
    )


def reach(points: Sequence[tuple[float, float]], axis: Axis, days: float | None) -> LineChart:
    """The least difference that is found after each number of days; ``days``: the planned length."""
    return LineChart(
        key="trial-reach",
        title="Least difference by days",
        series=(Series("Least difference found", tuple(points), 1),),
        x=Axis("Days", kind="number"),
        y=axis,
        thresholds=(Threshold("planned", days, axis="x"),) if days is not None else (),
        summary="The least difference that is found with the planned power, by days of traffic: longer finds less.",
        empty="Without users a day there is no length to draw.",
    )


def _with_zero(axis: Axis, values: Iterable[float | None]) -> Axis:
    """Wide enough for all of them and for zero, so that the line of no difference is always in view; round ends."""
    known = [0.0, *(one for one in values if one is not None)]
    low, high = min(known), max(known)
    if low == high:
        return axis
    step = 10 ** math.floor(math.log10(high - low)) / 2
    ends = (math.floor(low / step - 0.1) * step, math.ceil(high / step + 0.1) * step)
    return replace(axis, minimum=round(ends[0], 12), maximum=round(ends[1], 12))

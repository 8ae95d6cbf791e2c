"""Charts of the quality tab: the headline metric over time, and by segment."""

from __future__ import annotations

from mlopspro.core.charts import Axis, BarChart, LineChart, Series, Threshold, bars
from monitoring.charts_windows import marks
from monitoring.selectors.quality import Course, Quality
from monitoring.stats.performance import Metric


def over_time(found: Quality) -> LineChart:
    """A line a version, with the interval of the live one as a band, its baseline, and when deployments began."""
    metric, baseline = found.metric, found.found.leading.before if found.found.leading else None
    limits = (Threshold(f"baseline {baseline.value:.3g}", baseline.value),) if baseline is not None else ()
    place = {one.name: at + 1 for at, one in enumerate(found.courses)}
    series: list[Series] = []
    for one in found.courses:
        if one.is_judged:
            series += _band(one, place[one.name])
        series.append(_line(one, place[one.name]))
    return LineChart(
        key="quality-course",
        title=f"Live {metric.title} over time",
        series=tuple(series),
        x=Axis("Time", kind="time"),
        y=_axis(metric),
        thresholds=(*limits, *marks(found.deployments, found.scene.period)),
        empty=f"No {found.scene.period.step} of this period has ten {found.answers}.",
    )


def by_segment(found: Quality) -> BarChart | None:
    """The first metric that segments have, now and at first. None where there are no segments."""
    names = [name for name in (found.found.headline, "precision_at_10") if _has(found, name)]
    if not names:
        return None
    metric = next(one.standings[names[0]].metric for one in found.found.segments if names[0] in one.standings)
    shown = [one for one in found.found.segments if metric.name in one.standings]
    return BarChart(
        key="quality-segments",
        title=f"Live {metric.title} by segment",
        categories=tuple(one.title for one in shown),
        series=(
            bars("Baseline", [_before(one.standings[metric.name]) for one in shown], colour="reference"),
            bars("This period", [one.standings[metric.name].now.value for one in shown], colour=1),
        ),
        x=Axis("Segment"),
        y=_axis(metric),
        empty="No segment has judged answers.",
    )


def _has(found: Quality, name: str) -> bool:
    return any(name in one.standings for one in found.found.segments)


def _before(standing: object) -> float | None:
    before = getattr(standing, "before", None)
    return before.value if before is not None else None


def _line(course: Course, place: int) -> Series:
    points = tuple((one.start.timestamp(), one.figure.value if one.figure else None) for one in course.points)
    return Series(course.name, points, place)


def _band(course: Course, place: int) -> list[Series]:
    """Ends of the interval of 95 %, the lower one first."""
    known = [(one.start.timestamp(), one.figure) for one in course.points]
    low = tuple((at, figure.low if figure else None) for at, figure in known)
    high = tuple((at, figure.high if figure else None) for at, figure in known)
    if not any(value is not None for _, value in high):
        return []
    return [
        Series("95 % from", low, place, dashed=True),
        Series("95 % to", high, place, dashed=True, drawn="band"),
    ]


def _axis(metric: Metric) -> Axis:
    return Axis(metric.title, minimum=0 if metric.is_share else None)

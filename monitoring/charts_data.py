"""Charts of the data tab: the worst ratio over time, feedback over time, and who gets seen."""

from __future__ import annotations

from mlopspro.core.charts import Axis, BarChart, LineChart, Series, Threshold, bars
from monitoring.selectors.data_quality import DataQuality, Exposure
from monitoring.selectors.windows import Period


def course(found: DataQuality) -> LineChart:
    """The worst excess over training as a multiple of what is allowed; 1 is the limit."""
    points = tuple((at.timestamp(), score) for at, score in found.course)
    return LineChart(
        key="data-course",
        title="Worst finding over time",
        series=(Series("Excess over its allowance", points, 1),),
        x=Axis("Time", kind="time"),
        y=Axis("Times allowed", minimum=0),
        thresholds=(Threshold("limit", 1.0),),
        empty="Nothing was judged in this period.",
    )


def feedback(found: DataQuality, period: Period) -> LineChart:
    """Share of predictions that have feedback; a stretch without predictions is a gap."""
    sums: dict[float, list[int]] = {}
    for point in found.points:
        counted = sums.setdefault(point.start.timestamp(), [0, 0])
        counted[0] += point.labelled
        counted[1] += point.predictions
    times = [start.timestamp() for start in period.starts]
    points = tuple((at, sums[at][0] / sums[at][1] if at in sums and sums[at][1] else None) for at in times)
    return LineChart(
        key="data-feedback",
        title=f"Answers with feedback by {period.step}",
        series=(Series("With feedback", points, 3),),
        x=Axis("Time", kind="time"),
        y=Axis("With feedback", kind="share", minimum=0, maximum=1),
        empty="No predictions in this period.",
    )


def exposure(found: Exposure) -> BarChart:
    """Places shown and items liked by popularity in training: what leans is seen at once."""
    return BarChart(
        key="data-exposure",
        title="Shown and liked, by popularity in training",
        categories=tuple(one.label for one in found.groups),
        series=(
            bars("Share of places shown", [one.shown for one in found.groups], colour=1),
            bars("Share of items liked", [one.wanted for one in found.groups], colour=3),
        ),
        x=Axis("Items"),
        y=Axis("Share", kind="share", minimum=0, maximum=1),
        empty="The windows of this period know nothing of popularity: the version had no reference yet.",
    )

"""Charts of the monitoring page: predictions over time, response times, confidence."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.models import Deployment
from mlopspro.core.charts import PALETTE_SIZE, Axis, HistogramChart, LineChart, Series, Threshold, bars
from monitoring.models import Source
from monitoring.selectors.traffic import Traffic
from monitoring.selectors.windows import Period, Totals, WindowPoint
from monitoring.summaries import latency, measures
from monitoring.summaries.confidence import SHOWN

MOST_LINES = PALETTE_SIZE
MOST_MARKS = 6
CLOSE = 0.15


def name_of(source: Source) -> str:
    return f"{source.number} {source.get_role_display().lower()}"


def colours(sources: Sequence[Source]) -> dict[int, int]:
    """A palette place for each source: the same on all charts and in all periods."""
    return {one.pk: place % PALETTE_SIZE + 1 for place, one in enumerate(sources)}


def predictions(traffic: Traffic) -> LineChart:
    """One line a source with traffic; beyond eight, the rest together. Nothing is a zero, not a gap."""
    busy = _by_source(traffic.points)
    order = sorted(busy, key=lambda pk: -sum(point.predictions for point in busy[pk].values()))
    chosen = order if len(order) <= MOST_LINES else order[: MOST_LINES - 1]
    own, known = colours(traffic.sources), {one.pk: one for one in traffic.sources}
    lines = [_counts(name_of(known[pk]), [busy[pk]], traffic.period, own[pk]) for pk in sorted(chosen)]
    if len(order) > len(chosen):
        rest = [busy[pk] for pk in order[len(chosen) :]]
        lines.append(_counts(f"{len(rest)} others", rest, traffic.period, None))
    return LineChart(
        key="predictions",
        title="Predictions over time",
        series=tuple(lines) if traffic.totals.predictions else (),
        x=Axis("Time", kind="time"),
        y=Axis(f"Predictions a {traffic.period.step}", kind="integer", minimum=0),
        thresholds=marks(traffic.deployments, traffic.period),
        empty="No predictions in this period.",
    )


def response_times(traffic: Traffic) -> LineChart:
    """p50 and p95 of all sources together; a stretch without predictions is a gap."""
    merged: dict[float, list[object]] = {}
    for point in traffic.points:
        if value := point.summary.get("latency"):
            merged.setdefault(point.start.timestamp(), []).append(value)
    whole = {at: measures.merge([{"latency": one} for one in found], ("latency",)) for at, found in merged.items()}
    lines = tuple(
        Series(
            f"p{share * 100:.0f}",
            tuple((at, latency.quantile(whole.get(at, {}).get("latency"), share)) for at in _times(traffic.period)),
            place,
        )
        for place, share in ((1, 0.5), (2, 0.95))
    )
    return LineChart(
        key="response-times",
        title="Response time",
        series=lines,
        x=Axis("Time", kind="time"),
        y=Axis("Processing time", "ms", minimum=0),
        thresholds=marks(traffic.deployments, traffic.period),
        empty="No processing times in this period.",
    )


def confidence(traffic: Traffic) -> HistogramChart:
    """Ten bins with mean and median marked."""
    totals = traffic.totals
    known = bool(totals.with_confidence)
    return HistogramChart(
        key="confidence",
        title="Confidence",
        series=(bars("Predictions", totals.confidence_bins(), colour=1),) if known else (_nothing(),),
        x=Axis("Confidence"),
        y=Axis("Predictions", kind="integer", minimum=0),
        edges=tuple(at / SHOWN for at in range(SHOWN + 1)),
        thresholds=_middle(totals) if known else (),
        empty="This model's scores are no probabilities, so it has no confidence."
        if totals.predictions
        else "No predictions in this period.",
    )


def _middle(totals: Totals) -> tuple[Threshold, ...]:
    """Mean and median; where they stand close, one of them carries the words of both."""
    mean, median = totals.confidence_mean or 0.0, totals.confidence_median or 0.0
    words = (f"mean {mean:.2f}", f"median {median:.2f}")
    if abs(mean - median) < CLOSE:
        words = ("", ", ".join(words))
    # In a histogram a place on the horizontal axis is counted in bins.
    return tuple(Threshold(word, value * SHOWN - 0.5, "x") for word, value in zip(words, (mean, median), strict=True))


def _nothing() -> Series:
    return bars("Predictions", [None] * SHOWN)


def marks(deployments: Sequence[Deployment], chosen: Period) -> tuple[Threshold, ...]:
    """Deployments that began within the period, on the axis of time; the newest few."""
    begun = [one for one in deployments if one.started_at >= chosen.start][-MOST_MARKS:]
    return tuple(Threshold(f"{one.version.number} {one.role}", one.started_at.timestamp(), "x") for one in begun)


def _by_source(points: Sequence[WindowPoint]) -> dict[int, dict[float, WindowPoint]]:
    found: dict[int, dict[float, WindowPoint]] = {}
    for point in points:
        if point.predictions:
            found.setdefault(point.source_id, {})[point.start.timestamp()] = point
    return found


def _counts(name: str, windows: Sequence[dict[float, WindowPoint]], chosen: Period, colour: int | None) -> Series:
    def at(time: float) -> int:
        return sum(found[time].predictions for found in windows if time in found)

    return Series(name, tuple((time, at(time)) for time in _times(chosen)), colour)


def _times(chosen: Period) -> list[float]:
    return [start.timestamp() for start in chosen.starts]

"""The two charts of the health page: how long answers took, and how many there were."""

from __future__ import annotations

from collections.abc import Callable

from mlopspro.core.charts import Axis, LineChart, Series
from monitoring.selectors.health import Health
from monitoring.selectors.service_times import Times

TIME = Axis("Time", kind="time")


def response_times(health: Health) -> LineChart:
    """P50, P95 and P99 of all groups together; steps without a request are gaps."""
    names: dict[str, Callable[[Times], float | None]] = {
        "P50": lambda times: times.p50,
        "P95": lambda times: times.p95,
        "P99": lambda times: times.p99,
    }
    return LineChart(
        key="response-times",
        title="Response time",
        series=tuple(Series(name, _points(health, of)) for name, of in names.items()) if health.points else (),
        x=TIME,
        y=Axis("Response time", unit="ms", minimum=0),
        empty="No request in this time.",
    )


def requests(health: Health) -> LineChart:
    """Requests and those that failed, in each step."""
    series = (
        Series("Requests", _points(health, lambda times: times.requests, missing=0)),
        Series("Failed", _points(health, lambda times: times.errors, missing=0)),
    )
    return LineChart(
        key="requests",
        title="Requests",
        series=series if health.points else (),
        x=TIME,
        y=Axis("Requests", kind="integer", minimum=0),
        empty="No request in this time.",
    )


def _points(
    health: Health, of: Callable[[Times], float | None], missing: float | None = None
) -> tuple[tuple[float, float | None], ...]:
    known = dict(health.points)
    steps = int(health.span.length / health.span.step)
    places = [health.start + number * health.span.step for number in range(steps)]
    return tuple((at.timestamp(), of(known[at]) if at in known else missing) for at in places)

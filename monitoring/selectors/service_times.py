"""Response times, requests and errors over a stretch of time, merged over processes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from datasketches import kll_doubles_sketch
from django.db.models import Sum

from monitoring.models import ServiceMinute
from monitoring.services.request_times import GROUPS, SKETCH_K, unpacked

RECENT = dt.timedelta(minutes=10)
"""What the checks look at."""


@dataclass(frozen=True)
class Span:
    """A stretch to choose: its length and the length of a point on its charts."""

    key: str
    label: str
    length: dt.timedelta
    step: dt.timedelta


SPANS = {
    span.key: span
    for span in (
        Span("hour", "Last hour", dt.timedelta(hours=1), dt.timedelta(minutes=1)),
        Span("day", "Last 24 hours", dt.timedelta(days=1), dt.timedelta(hours=1)),
        Span("week", "Last 7 days", dt.timedelta(days=7), dt.timedelta(hours=6)),
        Span("month", "Last 30 days", dt.timedelta(days=30), dt.timedelta(days=1)),
    )
}


@dataclass(slots=True)
class Times:
    """Answers of one group, or of all. Times in milliseconds, None where nothing was answered."""

    requests: int = 0
    errors: int = 0
    total_ms: float = 0.0
    sketch: kll_doubles_sketch = field(default_factory=lambda: kll_doubles_sketch(SKETCH_K))

    def add(self, row: ServiceMinute) -> None:
        self.requests += row.requests
        self.errors += row.errors
        self.total_ms += row.total_ms
        self.sketch.merge(unpacked(row.sketch))

    def quantile(self, share: float) -> float | None:
        return float(self.sketch.get_quantile(share)) if self.requests else None

    @property
    def average(self) -> float | None:
        return self.total_ms / self.requests if self.requests else None

    @property
    def p50(self) -> float | None:
        return self.quantile(0.50)

    @property
    def p95(self) -> float | None:
        return self.quantile(0.95)

    @property
    def p99(self) -> float | None:
        return self.quantile(0.99)

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None


def rows_since(start: dt.datetime) -> list[ServiceMinute]:
    """One query. At most some hundred rows: older ones are folded together."""
    return list(ServiceMinute.objects.filter(minute__gte=start).order_by("minute"))


def by_group(rows: Iterable[ServiceMinute]) -> dict[str, Times]:
    """Of each group in the order of GROUPS, also of those without a request."""
    found = {group: Times() for group in GROUPS}
    for row in rows:
        found.setdefault(row.group, Times()).add(row)
    return found


def together(rows: Iterable[ServiceMinute]) -> Times:
    found = Times()
    for row in rows:
        found.add(row)
    return found


def in_steps(rows: Iterable[ServiceMinute], start: dt.datetime, step: dt.timedelta) -> list[tuple[dt.datetime, Times]]:
    """All groups together in each step that has a request, in order."""
    found: dict[int, Times] = {}
    for row in rows:
        found.setdefault(int((row.minute - start) / step), Times()).add(row)
    return [(start + place * step, found[place]) for place in sorted(found)]


def start_of(span: Span, now: dt.datetime) -> dt.datetime:
    """The beginning of the span, on a whole step, so that points do not wander with the clock."""
    seconds = span.step.total_seconds()
    whole = dt.datetime.fromtimestamp(now.timestamp() // seconds * seconds, dt.UTC)
    return whole - span.length + span.step


def for_ever() -> dict[str, tuple[int, int, float]]:
    """Requests, errors and milliseconds of each group since the beginning; one query, never less than before."""
    rows = ServiceMinute.objects.values_list("group").annotate(Sum("requests"), Sum("errors"), Sum("total_ms"))
    found: dict[str, tuple[int, int, float]] = dict.fromkeys(GROUPS, (0, 0, 0.0))
    for group, requests, errors, total_ms in rows.order_by():
        found[group] = (requests, errors, total_ms)
    return found

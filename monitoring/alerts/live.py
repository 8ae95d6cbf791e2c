"""Readings from windows of the last minutes, and how far the log is behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mlopspro.core import formats
from monitoring.alerts.readings import Reading, SignalSpec, missing
from monitoring.models import ProcessBeat, Source
from monitoring.services.window_reads import HOUR, MINUTE, Period, Totals, total
from monitoring.services.window_writes import floor

LONGEST_IN_MINUTES = dt.timedelta(days=1)
FORGOTTEN_AFTER = dt.timedelta(minutes=10)
"""A process that has been silent for longer tells nothing of now."""


def stretch(seconds: int, now: dt.datetime) -> Period:
    """The last ``seconds`` up to the newest whole minute (hour, where it is longer than a day)."""
    level = MINUTE if seconds <= LONGEST_IN_MINUTES.total_seconds() else HOUR
    end = floor(now, level)
    return Period("", end - dt.timedelta(seconds=max(level, seconds - seconds % level)), end, level)


def health(spec: SignalSpec, sources: Sequence[Source], seconds: int, now: dt.datetime) -> Reading:
    """Failed share, or p95, of what was answered in the stretch."""
    chosen = stretch(seconds, now)
    evidence = {"tab": spec.tab, "from": chosen.start.isoformat(), "to": chosen.end.isoformat()}
    found = total(sources, chosen, ("latency",) if spec.name == "health.p95_ms" else ())
    length = formats.duration(chosen.end - chosen.start)
    if not found.predictions:
        return missing(f"No request was logged in the last {length}.", chosen.end, 0, **evidence)
    value = found.latency(0.95) if spec.name == "health.p95_ms" else found.error_rate
    if value is None:
        return missing(f"No processing time was logged in the last {length}.", chosen.end, 0, **evidence)
    return Reading(value, found.predictions, chosen.end, _sentence(spec, value, found, length), evidence, value)


def _sentence(spec: SignalSpec, value: float, found: Totals, length: str) -> str:
    requests = formats.number(found.predictions)
    if spec.name == "health.p95_ms":
        return f"95 % of {requests} requests in the last {length} were answered within {spec.figure(value)}."
    return f"{spec.figure(value)} of {requests} requests in the last {length} failed ({formats.number(found.errors)})."


def lag(now: dt.datetime) -> Reading:
    """How long entries of the log wait: in files (by the shipper's beat) or to be counted (by the health watch)."""
    at = floor(now, MINUTE)
    rows = ProcessBeat.objects.filter(beat_at__gte=now - FORGOTTEN_AFTER).values_list("name", "details")
    waits: list[float] = []
    for name, details in rows:
        if name == "health":
            since = details.get("stale", {})
            waits.append(_age(since.get("since"), now) if since.get("head") is not None else 0.0)
        elif "spool" in details:
            waits.append(_age((details["spool"] or {}).get("oldest"), now))
    if not waits:
        return missing("No process has told of the log within the last 10 minutes.", at, tab="")
    value = max(waits)
    return Reading(value, None, at, f"Entries of the log have waited for {formats.duration(value)}.", {}, value)


def _age(since: str | None, now: dt.datetime) -> float:
    return max(0.0, (now - dt.datetime.fromisoformat(since)).total_seconds()) if since else 0.0

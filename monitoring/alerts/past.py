"""What a signal was, for charts and for trying a rule out before it is saved."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.models import RegisteredModel
from monitoring.alerts import course
from monitoring.alerts.checked import ABSOLUTE, DEGRADATION, FINDINGS, SCORES, THROUGH, area_of
from monitoring.alerts.lifecycle import Life, Read, Step, Streak, Terms, step
from monitoring.alerts.readings import SignalSpec
from monitoring.models import Check, Finding, Source, Verdict
from monitoring.services.window_reads import DAY, HOUR, MINUTE, Period, Totals, WindowPoint, series
from monitoring.services.window_writes import floor
from monitoring.summaries import measures

MOST = 5000
"""Readings that are looked at."""
MINUTES_UP_TO = dt.timedelta(hours=6)


@dataclass(frozen=True)
class Past:
    """``reads`` as the rule would have had them, ``figures`` for a chart: (when, figure or None), both in order.

    ``low`` and ``high`` (n,) are what was ordinary at each place, for a series that is held against itself.
    """

    reads: Sequence[Read]
    figures: Sequence[tuple[dt.datetime, float | None]]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


def past(
    model: RegisteredModel,
    spec: SignalSpec,
    start: dt.datetime,
    end: dt.datetime,
    *,
    window_seconds: int = HOUR,
    minimum_sample: int = 0,
) -> Past:
    """The readings from ``start`` until ``end``. Of log.lag_seconds nothing is kept."""
    if spec.is_checked:
        reads = _findings(model, spec, start, end) if spec.name not in SCORES else _scores(model, spec, start, end)
        return Past(reads, [(read.at, read.value) for read in reads if read.at is not None])
    sources = list(Source.objects.filter(model=model).exclude(role=Source.As.SHADOW).order_by("pk"))
    if spec.is_series:
        return _series(spec, sources, start, end, window_seconds, minimum_sample)
    return _health(spec, sources, start, end) if spec.name.startswith("health.") else Past([], [])


def openings(terms: Terms, reads: Sequence[Read]) -> list[dt.datetime]:
    """When the rule would have opened an alert; one that comes back within half an hour is the same."""
    streak, life = Streak(), None
    found: list[dt.datetime] = []
    for read in reads:
        if read.at is None:
            continue
        moved = step(terms, streak, life, read, read.at)
        streak = moved.streak
        for one in moved.steps:
            if one is Step.OPEN:
                life = Life("open")
                found.append(read.at)
            elif one is Step.RETURN and life is not None:
                life = Life("open", life.occurrences + 1)
            elif one is Step.RESOLVE and life is not None:
                life = Life("resolved", life.occurrences, resolved_at=read.at)
    return found


def _scores(model: RegisteredModel, spec: SignalSpec, start: dt.datetime, end: dt.datetime) -> list[Read]:
    rows = Check.objects.filter(model=model, area=area_of(spec.name), through=THROUGH, at__gte=start, at__lte=end)
    newest = rows.order_by("-at").values_list("at", "score", "verdict")[:MOST]
    return [Read(None if verdict == Verdict.NOT_ENOUGH else score, None, at) for at, score, verdict in reversed(newest)]


def _findings(model: RegisteredModel, spec: SignalSpec, start: dt.datetime, end: dt.datetime) -> list[Read]:
    """Of the quality checks; of several segments the worst."""
    rows = Finding.objects.filter(
        check_of__model=model, check_of__area=Check.Area.QUALITY, check_of__through=THROUGH,
        check_of__at__gte=start, check_of__at__lte=end, value__isnull=False,
    )  # fmt: skip
    signal, statistic = FINDINGS.get(spec.name, ("", "degradation"))
    if statistic != ABSOLUTE:  # as they are read live
        rows = rows.exclude(verdict=Verdict.NOT_ENOUGH)
    if spec.name == DEGRADATION:
        rows = rows.filter(statistic=statistic)
    else:
        rows = rows.filter(signal=signal, statistic=statistic)
    newest = rows.order_by("-check_of__at", "-value").values_list("check_of__at", "value", "current_size")[: 4 * MOST]
    worst: dict[dt.datetime, Read] = {}
    for at, value, size in newest:
        worst.setdefault(at, Read(value, size, at))
    return [worst[at] for at in sorted(worst)]


def _health(spec: SignalSpec, sources: Sequence[Source], start: dt.datetime, end: dt.datetime) -> Past:
    """By the hour, or by the minute where it is a few hours: each window for itself."""
    level = MINUTE if end - start <= MINUTES_UP_TO else HOUR
    first = floor(start, level)
    last = floor(end, level)
    if first >= last:
        return Past([], [])
    only = ("latency",) if spec.name == "health.p95_ms" else ()
    by_start: dict[dt.datetime, list[WindowPoint]] = {}
    for point in series(sources, Period("", first, last, level), only):
        by_start.setdefault(point.start, []).append(point)
    reads = []
    for at in sorted(by_start):
        points = by_start[at]
        found = Totals(
            sum(one.predictions for one in points),
            sum(one.errors for one in points),
            0,
            measures.merge([one.summary for one in points], only) if only else {},
        )
        value = found.latency(0.95) if only else found.error_rate
        reads.append(Read(value, found.predictions, at + dt.timedelta(seconds=level)))
    return Past(reads, [(read.at, read.value) for read in reads if read.at is not None])


def _series(
    spec: SignalSpec,
    sources: Sequence[Source],
    start: dt.datetime,
    end: dt.datetime,
    window_seconds: int,
    minimum_sample: int,
) -> Past:
    level = course.level_of(window_seconds)
    last = course.newest(level, end)
    windows = max(1, int((last - floor(start, level)).total_seconds()) // level)
    found = course.course(spec, sources, level, last, windows + course.PAST[level])
    reads, figures = [], []
    low: list[float | None] = []
    high: list[float | None] = []
    for place in range(course.PAST[level], len(found.values)):
        judged = found.judged(place, spec, minimum_sample)
        at = found.starts[place] + dt.timedelta(seconds=level)
        value = course.distance(spec, judged.z) if judged.z is not None else None
        reads.append(Read(value, int(found.samples[place]) if spec.needs_sample else None, at))
        figures.append((at, float(found.values[place]) if math.isfinite(found.values[place]) else None))
        low.append(max(judged.low, 0.0) if judged.low is not None else None)
        high.append(judged.high)
    return Past(reads, figures, low, high)


__all__ = ["DAY", "Past", "openings", "past"]

"""F1 of the last windows with enough labels, and how much it swings (decision D5)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.models import Source
from monitoring.services.window_reads import DAY, HOUR, Period, WindowPoint, series
from monitoring.services.window_writes import floor, kept_from
from monitoring.stats.instability import LEAST_WINDOWS, Instability, instability
from monitoring.summaries import live, measures

STRETCHES = ((HOUR, dt.timedelta(days=7)), (DAY, dt.timedelta(days=30)))
"""Hours of a week; where fewer than five of them have labels enough, days of a month."""
LEAST_LABELS = 30
"""A window with fewer answers in F1 is left out: its own noise would be what is measured."""


@dataclass(frozen=True)
class F1Window:
    start: dt.datetime
    value: float
    error: float
    labels: int


@dataclass(frozen=True)
class F1Course:
    """``level``: seconds of a window; ``positive``: of classifiers with two labels."""

    level: int
    windows: list[F1Window]

    def instability(self, threshold: float) -> Instability:
        errors = [one.error for one in self.windows]
        known = errors if all(math.isfinite(error) for error in errors) else None
        return instability([one.value for one in self.windows], known, threshold)


def f1_course(sources: Sequence[Source], kind: live.Kind, now: dt.datetime, positive: str | None = None) -> F1Course:
    """Of windows that are over, those with at least 30 answers; one query, two where days are needed."""
    found = F1Course(HOUR, [])
    for level, length in STRETCHES:
        last = floor(now, level)
        first = max(last - length, kept_from(level, now))
        points = series(sources, Period("", first, last, level), live.MEASURES[kind])
        found = F1Course(level, _windows(points, kind, positive))
        if len(found.windows) >= LEAST_WINDOWS:
            break
    return found


def _windows(points: Sequence[WindowPoint], kind: live.Kind, positive: str | None) -> list[F1Window]:
    """All sources of a stretch together."""
    by_start: dict[dt.datetime, list[WindowPoint]] = {}
    for point in points:
        if point.labelled:
            by_start.setdefault(point.start, []).append(point)
    out = []
    for start in sorted(by_start):
        summary = measures.merge([point.summary for point in by_start[start]], live.MEASURES[kind])
        labels = live.labels_of(summary, kind)
        if labels >= LEAST_LABELS:
            found = live.f1_of(summary, kind, positive)
            if math.isfinite(found.value):
                out.append(F1Window(start, found.value, found.error, labels))
    return out

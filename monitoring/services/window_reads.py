"""What pages and checks ask of windows: the course and the whole of a period, for any sources of a model.

Costs the same whatever the number of predictions: a period is at most about 170 windows a source for its course and 60
for its whole, which is put together from the longest windows that fit into it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from experiments.models import RegisteredModel
from monitoring.models import Source, Window
from monitoring.services.window_writes import floor, kept_from
from monitoring.summaries import confidence, distinct, latency, measures, top
from monitoring.summaries.types import Summary

MINUTE, HOUR, DAY = (int(level) for level in (Window.Level.MINUTE, Window.Level.HOUR, Window.Level.DAY))
NAMES = {"1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
USUAL = "24h"
_LENGTHS = {"1h": (MINUTE, 60), "24h": (HOUR, 24), "7d": (HOUR, 7 * 24), "30d": (DAY, 30)}
LONGEST = dt.timedelta(days=400)
TWO_HOURS, EIGHT_DAYS = dt.timedelta(hours=2), dt.timedelta(days=8)


class BadPeriod(ValueError):
    """``field`` was given as something that is no period; the text says what is accepted."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Period:
    """From ``start`` until before ``end``, both borders of windows of ``level`` seconds; the last one may be open."""

    name: str
    """1h, 24h, 7d, 30d, or "" for one with borders of its own."""
    start: dt.datetime
    end: dt.datetime
    level: int

    @property
    def label(self) -> str:
        return NAMES.get(self.name) or f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"

    @property
    def step(self) -> str:
        return {MINUTE: "minute", HOUR: "hour", DAY: "day"}[self.level]

    @property
    def starts(self) -> list[dt.datetime]:
        """Of its windows, also of those in which nothing happened."""
        number = int((self.end - self.start).total_seconds()) // self.level
        return [self.start + dt.timedelta(seconds=self.level * at) for at in range(number)]

    @property
    def query(self) -> dict[str, str]:
        """As the address of a page has it."""
        if self.name:
            return {"period": self.name}
        return {"from": f"{self.start:%Y-%m-%dT%H:%M}", "to": f"{self.end:%Y-%m-%dT%H:%M}"}


def period(
    name: str = USUAL,
    *,
    start: str | dt.datetime | None = None,
    end: str | dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> Period:
    """A period by its name, or between two times (UTC where they carry no zone; the end is now where it is missing).

    Raises BadPeriod.
    """
    moment = now or timezone.now()
    if start or end:
        return _between(start, end, moment)
    if name not in _LENGTHS:
        raise BadPeriod("period", f"{name!r} is not known; accepted: {', '.join(_LENGTHS)}, or from and to.")
    level, number = _LENGTHS[name]
    last = floor(moment, level)
    return Period(name, last - dt.timedelta(seconds=level * (number - 1)), last + dt.timedelta(seconds=level), level)


def _between(start: str | dt.datetime | None, end: str | dt.datetime | None, now: dt.datetime) -> Period:
    if not start:
        raise BadPeriod("from", "from is missing; accepted: a date or a time such as 2026-11-21T08:00 (UTC).")
    first = _moment("from", start)
    last = min(_moment("to", end), now) if end else now
    if first >= last:
        raise BadPeriod("from", f"from is {first:%Y-%m-%d %H:%M}; it must be before {last:%Y-%m-%d %H:%M}.")
    if last - first > LONGEST:
        raise BadPeriod("from", f"from to to is {(last - first).days} days; up to {LONGEST.days} are accepted.")
    level = DAY
    if last - first <= TWO_HOURS and first >= kept_from(MINUTE, now):
        level = MINUTE
    elif last - first <= EIGHT_DAYS and first >= kept_from(HOUR, now):
        level = HOUR
    ceiling = floor(last - dt.timedelta(microseconds=1), level) + dt.timedelta(seconds=level)
    return Period("", floor(first, level), ceiling, level)


def _moment(name: str, given: str | dt.datetime) -> dt.datetime:
    try:
        found: Any = given if isinstance(given, dt.datetime) else parse_datetime(given) or parse_date(given)
    except ValueError:
        found = None
    if found is None:
        raise BadPeriod(
            name, f"{name} is {str(given)[:40]!r}; accepted: a date or a time such as 2026-11-21T08:00 (UTC)."
        )
    if not isinstance(found, dt.datetime):
        found = dt.datetime.combine(found, dt.time())
    try:
        moment: dt.datetime = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except OverflowError:
        moment = found.replace(tzinfo=dt.UTC)
    if moment.year < 2000:
        raise BadPeriod(name, f"{name} is {str(given)[:40]!r}; accepted: a time from the year 2000 on.")
    return moment


@dataclass(frozen=True)
class WindowPoint:
    """One window of one source; ``summary`` has the measures that were asked for."""

    source_id: int
    start: dt.datetime
    predictions: int
    errors: int
    labelled: int
    summary: Summary


@dataclass(frozen=True)
class Totals:
    """A period as one window. Undefined figures are None, never 0."""

    predictions: int = 0
    errors: int = 0
    labelled: int = 0
    summary: Summary = field(default_factory=dict)

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.predictions if self.predictions else None

    @property
    def labelled_share(self) -> float | None:
        return self.labelled / self.predictions if self.predictions else None

    @property
    def users(self) -> distinct.Distinct:
        return distinct.estimate(self.summary.get("users", ""))

    @property
    def items(self) -> distinct.Distinct:
        return distinct.estimate(self.summary.get("items", ""))

    @property
    def counts(self) -> dict[str, Any]:
        return self.summary.get("counts") or {}

    @property
    def fallback_share(self) -> float | None:
        return self.counts.get("fallback", 0) / self.predictions if self.predictions else None

    @property
    def confidence_mean(self) -> float | None:
        return confidence.mean(self.summary.get("confidence"))

    @property
    def confidence_median(self) -> float | None:
        return confidence.median(self.summary.get("confidence"))

    @property
    def with_confidence(self) -> int:
        return int((self.summary.get("confidence") or {"n": 0})["n"])

    def confidence_bins(self, bins: int = confidence.SHOWN) -> list[int]:
        return confidence.histogram(self.summary.get("confidence"), bins)

    def latency(self, share: float) -> float | None:
        """Milliseconds within which ``share`` of the answers came."""
        return latency.quantile(self.summary.get("latency"), share)

    @property
    def latency_mean(self) -> float | None:
        return latency.mean(self.summary.get("latency"))

    def top_items(self, number: int = 8) -> list[top.Frequent]:
        return top.most(self.summary.get("top_items", ""), number)

    @property
    def shown_items(self) -> int:
        """All places in all lists: what the counts of items are shares of."""
        return top.total(self.summary.get("top_items", ""))

    def top_users(self, number: int = 8) -> list[top.Frequent]:
        return top.most(self.summary.get("top_users", ""), number)


def series(sources: Sequence[Source | int], chosen: Period, only: Sequence[str] = ()) -> list[WindowPoint]:
    """The windows of a period in order of time, each source for itself; ``only``: measures to bring along."""
    return _windows(sources, [(chosen.level, chosen.start, chosen.end)], only)


def total(sources: Sequence[Source | int], chosen: Period, only: Sequence[str] | None = None) -> Totals:
    """All windows of the sources in the period as one."""
    names = tuple(measures.MEASURES) if only is None else tuple(only)
    return _merged(_windows(sources, cover(chosen), names), names)


def per_source(sources: Sequence[Source | int], chosen: Period, only: Sequence[str] = ()) -> dict[int, Totals]:
    """The totals of each source for itself; one without windows is missing."""
    found: dict[int, list[WindowPoint]] = {}
    for row in _windows(sources, cover(chosen), only):
        found.setdefault(row.source_id, []).append(row)
    return {source: _merged(rows, only) for source, rows in found.items()}


def sources_of(model: RegisteredModel) -> list[Source]:
    """All that ever answered for the model, in the order in which they came."""
    joined = Source.objects.select_related("version__dataset", "version__model", "model")
    return list(joined.filter(model=model).order_by("pk"))


def last_minute(sources: Sequence[Source]) -> dt.datetime | None:
    """The start of the newest window of these sources that has rows; a minute, a day where minutes are long gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(w.start) FROM unnest(%s::bigint[]) AS s(id), unnest(ARRAY[60, 86400]) AS l(level), LATERAL ("
            " SELECT start FROM monitoring_window WHERE source_id = s.id AND level = l.level AND predictions > 0"
            " ORDER BY start DESC LIMIT 1) AS w",
            [[one.pk for one in sources]],
        )
        found: dt.datetime | None = cursor.fetchone()[0]
    return found


def _merged(rows: Sequence[WindowPoint], only: Sequence[str]) -> Totals:
    return Totals(
        sum(row.predictions for row in rows),
        sum(row.errors for row in rows),
        sum(row.labelled for row in rows),
        measures.merge([row.summary for row in rows], only) if only and rows else {},
    )


def cover(chosen: Period) -> list[tuple[int, dt.datetime, dt.datetime]]:
    """(level, from, until) of the fewest windows that make up the period: long ones inside, short ones at its ends."""
    found: list[tuple[int, dt.datetime, dt.datetime]] = []
    _fill(chosen.start, chosen.end, [level for level in (DAY, HOUR, MINUTE) if level >= chosen.level], found)
    return sorted(found, key=lambda one: one[1])


def _fill(
    start: dt.datetime, end: dt.datetime, levels: list[int], found: list[tuple[int, dt.datetime, dt.datetime]]
) -> None:
    if start >= end or not levels:
        return
    level, *shorter = levels
    first = floor(start, level)
    if first < start:
        first += dt.timedelta(seconds=level)
    last = floor(end, level)
    if first >= last:
        _fill(start, end, shorter, found)
        return
    found.append((level, first, last))
    _fill(start, first, shorter, found)
    _fill(last, end, shorter, found)


def _windows(
    sources: Iterable[Source | int], ranges: Sequence[tuple[int, dt.datetime, dt.datetime]], only: Sequence[str]
) -> list[WindowPoint]:
    """In order of time; one query."""
    ids = [one.pk if isinstance(one, Source) else one for one in sources]
    if not ids or not ranges:
        return []
    chosen = ", ".join(["%s::text, summary->%s"] * len(only))
    names = [name for measure in only for name in (measure, measure)]
    stretches = " OR ".join(["(level = %s AND start >= %s AND start < %s)"] * len(ranges))
    sql = _SQL.format(chosen=chosen, stretches=stretches)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*names, ids, *(value for one in ranges for value in one)])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [WindowPoint(*row[:5], json.loads(row[5])) for row in rows]  # type: ignore[call-arg]


_SQL = """
SELECT source_id, start, predictions, errors, labelled, jsonb_build_object({chosen})::text
FROM monitoring_window WHERE source_id = ANY(%s) AND ({stretches}) ORDER BY start, source_id"""

"""Computes and writes windows of one source: minutes from the log, hours from minutes, days from hours.

Everything here runs in a transaction that holds the source's lock. A window is a function of the rows in its stretch:
written again with nothing changed it stays as it is, revision and all.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.models import Source, Window
from monitoring.services.reference_context import context_of
from monitoring.services.window_rows import liked_from, read_minute
from monitoring.summaries import measures
from monitoring.summaries.types import Summary

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
GRACE = dt.timedelta(minutes=2)
"""After its end a window waits this long for late rows before it closes. Later ones still count: it is rewritten."""
LOCK_CLASS = 0x776E
"""Class of the locks under which a source's windows are written."""
_UPSERT = """
INSERT INTO monitoring_window AS w
    (source_id, level, start, state, predictions, errors, labelled, summary, revision, mirrored_revision, computed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, 1, %s, %s)
ON CONFLICT (source_id, level, start) DO UPDATE SET
    revision = w.revision + (w.summary IS DISTINCT FROM excluded.summary)::int,
    mirrored_revision = CASE WHEN w.level = 3600 THEN w.mirrored_revision
                        ELSE w.revision + (w.summary IS DISTINCT FROM excluded.summary)::int END,
    state = excluded.state, predictions = excluded.predictions, errors = excluded.errors,
    labelled = excluded.labelled, summary = excluded.summary, computed_at = excluded.computed_at
"""


def floor(at: dt.datetime, level: int) -> dt.datetime:
    """The start of the window of this level in which ``at`` lies, in UTC."""
    seconds = int(at.timestamp())
    return dt.datetime.fromtimestamp(seconds - seconds % level, dt.UTC)


def kept_from(level: int, now: dt.datetime) -> dt.datetime:
    """Windows of this level are complete from here on; older ones may be gone (days never are)."""
    minutes, hours = settings.LOG_MINUTES_KEEP_DAYS, settings.LOG_HOURS_KEEP_DAYS
    days = minutes if level == Window.Level.MINUTE else hours
    return floor(now - dt.timedelta(days=days), Window.Level.DAY)


def lock(source_id: int, *, wait: bool) -> bool:
    """Whether this transaction now holds the lock on the source's windows; it goes with the transaction."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, source_id % 2**31])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, source_id % 2**31])
        return bool(cursor.fetchone()[0])


class Writer:
    """Windows of one source. ``minutes``, ``hours`` and ``days`` count what was written, ``rows`` what was read."""

    def __init__(self, source: Source, now: dt.datetime | None = None) -> None:
        self.source = source
        self.now = now or timezone.now()
        self.threshold = liked_from(source)
        self.reference = context_of(source)
        self.minutes = self.hours = self.days = self.rows = 0
        self._read: dict[dt.datetime, Summary] = {}

    def minute(self, start: dt.datetime) -> None:
        """From the log's rows. Of a minute whose window is no longer kept only the hours above are written."""
        if start >= kept_from(Window.Level.MINUTE, self.now):
            self._write(Window.Level.MINUTE, start, self._from_log(start))
            self.minutes += 1

    def hour(self, start: dt.datetime) -> None:
        """From its minutes; from the log where minutes are no longer kept."""
        if start >= kept_from(Window.Level.HOUR, self.now):
            self._write(Window.Level.HOUR, start, self._hour(start))
            self.hours += 1

    def day(self, start: dt.datetime) -> None:
        """From its hours."""
        if start >= kept_from(Window.Level.HOUR, self.now):
            below = self._stored(Window.Level.HOUR, start, start + DAY)
        else:
            below = [self._hour(start + n * HOUR) for n in range(24)]
        self._write(Window.Level.DAY, start, measures.merge(below))
        self.days += 1

    def above(self, minutes: Iterable[dt.datetime]) -> None:
        """The hours and days in which these minutes lie."""
        found = sorted(minutes)
        for start in sorted({floor(minute, Window.Level.HOUR) for minute in found}):
            self.hour(start)
        for start in sorted({floor(minute, Window.Level.DAY) for minute in found}):
            self.day(start)

    def _hour(self, start: dt.datetime) -> Summary:
        if start >= kept_from(Window.Level.MINUTE, self.now):
            return measures.merge(self._stored(Window.Level.MINUTE, start, start + HOUR))
        return measures.merge(
            [self._from_log(minute) for minute in minutes_with_rows(self.source, start, start + HOUR)]
        )

    def _from_log(self, minute: dt.datetime) -> Summary:
        if minute not in self._read:
            parts = []
            for rows in read_minute(self.source.pk, minute, self.threshold, self.reference):
                parts.append(measures.summarise(rows))
                self.rows += len(rows)
            self._read[minute] = measures.merge(parts)
        return self._read[minute]

    def _stored(self, level: int, start: dt.datetime, end: dt.datetime) -> list[Summary]:
        rows = Window.objects.filter(source=self.source, level=level, start__gte=start, start__lt=end)
        return list(rows.order_by("start").values_list("summary", flat=True))

    def _write(self, level: int, start: dt.datetime, summary: Summary) -> None:
        counts = summary["counts"] or {"n": 0, "errors": 0, "labelled": 0}
        closed = start + dt.timedelta(seconds=level) + GRACE <= self.now
        state = Window.State.CLOSED if closed else Window.State.OPEN
        told = 0 if level == Window.Level.HOUR else 1  # only hours are mirrored
        figures = [counts["n"], counts["errors"], counts["labelled"], json.dumps(summary, allow_nan=False)]
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [self.source.pk, level, start, state, *figures, told, self.now])


def minutes_with_rows(source: Source, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """Minutes of the stretch that have rows in the log, in order; walks the index from minute to minute."""
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES, {"source": source.pk, "start": start, "end": end})
        return [minute for (minute,) in cursor.fetchall()]


_MINUTES = """
WITH RECURSIVE found(minute) AS (
    SELECT (SELECT date_bin('1 minute', at, 'epoch'::timestamptz) FROM monitoring_prediction
            WHERE source_id = %(source)s AND at >= %(start)s AND at < %(end)s
              AND day >= (%(start)s::timestamptz AT TIME ZONE 'UTC')::date
              AND day <= (%(end)s::timestamptz AT TIME ZONE 'UTC')::date ORDER BY at LIMIT 1)
    UNION ALL
    SELECT (SELECT date_bin('1 minute', at, 'epoch'::timestamptz) FROM monitoring_prediction
            WHERE source_id = %(source)s AND at >= found.minute + interval '1 minute' AND at < %(end)s
              AND day >= (%(start)s::timestamptz AT TIME ZONE 'UTC')::date
              AND day <= (%(end)s::timestamptz AT TIME ZONE 'UTC')::date ORDER BY at LIMIT 1)
    FROM found WHERE found.minute IS NOT NULL
)
SELECT minute FROM found WHERE minute IS NOT NULL
"""


def days_between(start: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """Starts of the days that the stretch touches."""
    day = floor(start, Window.Level.DAY)
    while day < end:
        yield day
        day += DAY

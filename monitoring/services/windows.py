"""Keeps windows true to the log: recomputes the minutes that got rows, then the hours and days above them.

A transaction is one source and hour: its stale minutes are read, their windows and those above written, and the stale
rows deleted. Killed anywhere, either all of it happened or nothing. A row that arrives meanwhile brings a stale row of
its own, which stays for the next time; so nothing is missed, and as windows are computed from rows and never added to,
nothing counts twice.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

import structlog
from django.db import connection, transaction
from django.utils import timezone

from monitoring.models import Source, StaleMinute, Window
from monitoring.services import partitions
from monitoring.services.window_rows import MINUTE
from monitoring.services.window_writes import Writer, days_between, floor, kept_from, lock, minutes_with_rows

log = structlog.get_logger(__name__)
BUSY_PAUSE_SECONDS = 10.0
"""A minute that is still going on is computed again at most this often."""
STATEMENT_TIMEOUT = "120s"
STALE_AT_ONCE = 20_000
"""Stale rows looked at in one go; more wait for the next."""


@dataclass
class Refreshed:
    """What a refresh wrote; ``left`` minutes are still stale, ``rows`` were read."""

    minutes: int = 0
    hours: int = 0
    days: int = 0
    left: int = 0
    rows: int = 0
    failed: int = 0

    def add(self, writer: Writer) -> None:
        self.minutes += writer.minutes
        self.hours += writer.hours
        self.days += writer.days
        self.rows += writer.rows


@dataclass
class Recomputed(Refreshed):
    missing: list[dt.date] = field(default_factory=list)
    """Days whose log is no longer here; their windows stay as they are."""


def refresh(seconds: float = 8.0, *, busy_pause: float = BUSY_PAUSE_SECONDS) -> Refreshed:
    """Computes what is stale, the longest waiting first, for about ``seconds``. Safe anywhere, at any time, at once."""
    deadline = time.monotonic() + seconds
    done = Refreshed()
    while batches := _batches(busy_pause):
        before = done.minutes + done.hours
        for source_id, hour in batches:
            _guarded(source_id, hour, busy_pause, deadline, done)
            if time.monotonic() >= deadline:
                break
        if time.monotonic() >= deadline or done.minutes + done.hours == before:
            break
    _close()
    done.left = stale_minutes()
    return done


def recompute(source: Source, start: dt.datetime, end: dt.datetime) -> Recomputed:
    """Computes every window of the source between two times from the log: the same rows give the same windows.

    Days that are no longer in the log are left as they are and named in ``missing``.
    """
    done = Recomputed()
    kept = set(partitions.existing())
    for day in days_between(start, end):
        if day.date() not in kept:
            done.missing.append(day.date())
            continue
        for hour in range(24):
            begin = max(day + dt.timedelta(hours=hour), floor(start, Window.Level.MINUTE))
            finish = min(day + dt.timedelta(hours=hour + 1), end)
            if begin < finish:
                done.add(_recompute_part(source, begin, finish))
    return done


def stale_minutes() -> int:
    """Minutes that wait to be computed."""
    return StaleMinute.objects.values("source", "minute").distinct().count()


def oldest_stale() -> dt.datetime | None:
    """The oldest minute that waits."""
    return StaleMinute.objects.order_by("minute").values_list("minute", flat=True).first()


def _recompute_part(source: Source, start: dt.datetime, end: dt.datetime) -> Writer:
    with transaction.atomic():
        _patient()
        lock(source.pk, wait=True)
        writer = Writer(source)
        known = Window.objects.filter(source=source, level=Window.Level.MINUTE, start__gte=start, start__lt=end)
        minutes = {*minutes_with_rows(source, start, end), *known.values_list("start", flat=True)}
        for minute in sorted(minutes):
            writer.minute(minute)
        writer.above(minutes)
    return writer


def _batches(busy_pause: float) -> list[tuple[int, dt.datetime]]:
    """(source, hour) with stale minutes that are due, the longest waiting first."""
    rows = StaleMinute.objects.order_by("pk").values_list("source_id", "minute")[:STALE_AT_ONCE]
    pairs = dict.fromkeys(rows)
    busy = _busy({source for source, _ in pairs}, busy_pause)
    return list(
        dict.fromkeys(
            (source, floor(minute, Window.Level.HOUR)) for source, minute in pairs if (source, minute) not in busy
        )
    )


def _busy(sources: set[int], busy_pause: float) -> set[tuple[int, dt.datetime]]:
    """Minutes that are still going on and were computed just now."""
    now = timezone.now()
    rows = Window.objects.filter(
        source__in=sources,
        level=Window.Level.MINUTE,
        start__gt=now - MINUTE,
        computed_at__gt=now - dt.timedelta(seconds=busy_pause),
    )
    return set(rows.values_list("source_id", "start"))


def _guarded(source_id: int, hour: dt.datetime, busy_pause: float, deadline: float, done: Refreshed) -> None:
    """One source's trouble leaves the others alone."""
    try:
        _refresh_hour(source_id, hour, busy_pause, deadline, done)
    except Exception:  # whatever it is: it is logged, counted, and its minutes stay stale for the next call
        if connection.in_atomic_block:
            raise
        log.exception("windows not computed", source=source_id, hour=hour.isoformat())
        done.failed += 1


@transaction.atomic
def _refresh_hour(source_id: int, hour: dt.datetime, busy_pause: float, deadline: float, done: Refreshed) -> None:
    if not lock(source_id, wait=False):
        return
    _patient()
    # What is seen here was committed together with its rows, so the reading below finds them.
    stale: dict[dt.datetime, list[int]] = {}
    rows = StaleMinute.objects.filter(source=source_id, minute__gte=hour, minute__lt=hour + 60 * MINUTE)
    for pk, minute in rows.order_by("minute").values_list("pk", "minute"):
        stale.setdefault(minute, []).append(pk)
    for _, minute in _busy({source_id}, busy_pause):
        stale.pop(minute, None)
    source = Source.objects.select_related("version__dataset", "version__experiment").filter(pk=source_id).first()
    taken: list[dt.datetime] = []
    if source is not None and hour.date() in partitions.existing():
        writer = Writer(source)
        for minute in stale:
            writer.minute(minute)
            taken.append(minute)
            if time.monotonic() >= deadline:
                break
        if taken:
            writer.above(taken)
        done.add(writer)
    else:
        # The day's log has left the database: its windows stay as they are.
        taken = list(stale)
    StaleMinute.objects.filter(pk__in=[pk for minute in taken for pk in stale[minute]]).delete()


def _patient() -> None:
    """A minute of a busy day takes longer to read than a page may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [STATEMENT_TIMEOUT])


def _close() -> int:
    """Closes windows whose end and grace are past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitoring_window SET state = 'closed' "
            "WHERE state = 'open' AND start <= now() - make_interval(secs => level) - interval '2 minutes'"
        )
        return int(cursor.rowcount)


def drop_old(now: dt.datetime | None = None) -> int:
    """Deletes minutes and hours that are no longer kept, a day later than they stop being read; days stay for ever."""
    moment = now or timezone.now()
    gone = 0
    for level in (Window.Level.MINUTE, Window.Level.HOUR):
        limit = kept_from(level, moment) - dt.timedelta(days=1)
        gone += Window.objects.filter(level=level, start__lt=limit)._raw_delete("default")
    return gone

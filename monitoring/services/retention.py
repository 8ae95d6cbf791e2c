"""Upkeep of the log: partitions made ahead, finished days written out, old days and vain feedback dropped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss, PredictionArchive, StaleMinute, WaitingFeedback
from monitoring.services import archive, joining, losses, partitions
from monitoring.services.log_days import first_kept_day, utc_day

AHEAD = 2
"""Days after today whose partitions are made early, so that midnight finds them there."""
STRAGGLERS = dt.timedelta(hours=1)
"""After midnight, before the finished day is written: what still lies in a spool gets in."""
WAITS = dt.timedelta(days=7)
"""How long feedback waits for its prediction."""
KEEPING = 0x6D6C_6F70_0003
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Kept:
    """What one round did."""

    written: list[str] = field(default_factory=list)
    dropped: list[dt.date] = field(default_factory=list)
    held_back: list[dt.date] = field(default_factory=list)
    joined: int = 0
    expired: int = 0


def keep(now: dt.datetime | None = None) -> Kept:
    """One round; one process at a time, another one does nothing meanwhile. Safe to be killed anywhere.

    A day is dropped only when its files hold every row it has, and when no window waits to be computed from it.
    """
    now = now or timezone.now()
    kept = Kept()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEEPING])
        if not cursor.fetchone()[0]:
            return kept
    try:
        today = utc_day(now)
        partitions.ensure([today + dt.timedelta(days=ahead) for ahead in range(AHEAD + 1)])
        for day in partitions.existing():
            _keep_day(day, now, kept)
        kept.joined = join_late()
        kept.expired = expire_waiting(now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [KEEPING])
    return kept


def due(now: dt.datetime | None = None) -> tuple[list[dt.date], list[dt.date]]:
    """Days that would be written, and days that would be dropped; nothing is done."""
    now = now or timezone.now()
    days = partitions.existing()
    return [day for day in days if _must_write(day, now)], [day for day in days if day < first_kept_day(now)]


def _must_write(day: dt.date, now: dt.datetime) -> bool:
    """A day that leaves the database, or one that is over and has no file yet. Rows that come after the first file
    are in the one that is written before the day leaves: counting every day every hour would cost more."""
    if day < first_kept_day(now):
        return not archive.is_written(day)
    over = now >= dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=1) + STRAGGLERS
    return over and settings.LOG_DAILY_FILES and not PredictionArchive.objects.filter(day=day).exists()


def _keep_day(day: dt.date, now: dt.datetime, kept: Kept) -> None:
    if _must_write(day, now):
        kept.written += [one.path for one in archive.write_day(day)]
    if day >= first_kept_day(now):
        return
    if _drop(day):
        kept.dropped.append(day)
        log.info("day dropped", day=str(day))
    else:
        kept.held_back.append(day)


def _drop(day: dt.date) -> bool:
    """Drop the day if nothing would be lost by it; asked under the lock under which nobody can add rows to it."""

    def whole() -> bool:
        start = dt.datetime.combine(day, dt.time(), dt.UTC)
        waiting = StaleMinute.objects.filter(minute__gte=start, minute__lt=start + dt.timedelta(days=1))
        return not waiting.exists() and archive.is_written(day)

    if not partitions.drop(day, only_if=whole):
        return False
    PredictionArchive.objects.filter(day=day).update(dropped_at=timezone.now())
    return True


def join_late() -> int:
    """Join feedback whose prediction is there after all. The two meet when they are written; this is for rows that a
    restored backup or a hand put in."""
    waiting = list(WaitingFeedback.objects.values_list("prediction_id", flat=True).distinct()[:10_000])
    if not waiting:
        return 0
    with transaction.atomic():
        return joining.join_waiting(waiting, partitions.existing())


def expire_waiting(now: dt.datetime) -> int:
    """Give up feedback whose prediction did not come in seven days; it is counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM monitoring_waitingfeedback WHERE received_at < %s RETURNING workspace_id", [now - WAITS]
        )
        gone = [workspace for (workspace,) in cursor.fetchall()]
    for workspace in Workspace.objects.filter(pk__in=set(gone)):
        losses.count(LogLoss.Reason.UNKNOWN_FEEDBACK, gone.count(workspace.pk), workspace=workspace)
    return len(gone)

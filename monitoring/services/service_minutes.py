"""Upkeep of ServiceMinute: what is old is folded together, so that no page and no scrape grows with processes or days.

Minutes of all processes become one after a quarter of an hour, hours after three hours, and after 30 days only a sum
for ever remains, which keeps the counters of /metrics from falling. Each fold is one transaction that deletes what it
adds up; sketches merge, so quantiles stay within their bound.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable

from datasketches import kll_doubles_sketch
from django.db import connection, transaction
from django.db.models import QuerySet

from monitoring.models import ServiceMinute
from monitoring.services.request_times import SKETCH_K, packed, unpacked

ALL, HOUR, EVER = "all", "hour", "ever"
"""In ``process``, of rows that were folded. A process's own name has slashes."""
FOLD_AFTER = dt.timedelta(minutes=15)
"""Longer than a process keeps what it could not write, so nothing is written again after it was folded."""
HOURS_AFTER = dt.timedelta(hours=3)
KEPT = dt.timedelta(days=30)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
AT_ONCE = 3000
_LOCK = 7_301_153


def fold(now: dt.datetime) -> int:
    """Folds what is due; returns how many rows went. Two at once: the second does nothing."""
    rows = ServiceMinute.objects.all()
    gone = _fold(rows.filter(minute__lt=now - FOLD_AFTER).exclude(process__in=(ALL, HOUR, EVER)), ALL, lambda at: at)
    gone += _fold(rows.filter(process=ALL, minute__lt=_hour(now - HOURS_AFTER)), HOUR, _hour)
    return gone + _fold(rows.filter(process=HOUR, minute__lt=now - KEPT), EVER, lambda _: EPOCH)


def _hour(at: dt.datetime) -> dt.datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _fold(due: QuerySet[ServiceMinute], label: str, bucket: Callable[[dt.datetime], dt.datetime]) -> int:
    with transaction.atomic():
        if not _alone():
            return 0
        taken = list(due.order_by("minute", "pk").select_for_update()[:AT_ONCE])
        if not taken:
            return 0
        parts = defaultdict(list)
        for row in taken:
            parts[bucket(row.minute), row.group].append(row)
        before = ServiceMinute.objects.filter(process=label, minute__in={minute for minute, _ in parts})
        for row in before.select_for_update():
            if (row.minute, row.group) in parts:
                parts[row.minute, row.group].append(row)
        ServiceMinute.objects.filter(pk__in=[row.pk for rows in parts.values() for row in rows]).delete()
        ServiceMinute.objects.bulk_create(_sum(rows, label, *key) for key, rows in parts.items())
    return len(taken)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _sum(rows: list[ServiceMinute], label: str, minute: dt.datetime, group: str) -> ServiceMinute:
    sketch = kll_doubles_sketch(SKETCH_K)
    for row in rows:
        sketch.merge(unpacked(row.sketch))
    return ServiceMinute(
        process=label,
        group=group,
        minute=minute,
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        total_ms=sum(row.total_ms for row in rows),
        sketch=packed(sketch),
    )

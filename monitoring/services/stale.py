"""Noting which minutes of which sources have rows that their windows do not know yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection


def minutes_of(rows: Iterable[tuple[int, dt.datetime]]) -> set[tuple[int, dt.datetime]]:
    """Source and UTC minute of each (source, time), once."""
    return {(source, at.astimezone(dt.UTC).replace(second=0, microsecond=0)) for source, at in rows}


def mark_stale(minutes: Iterable[tuple[int, dt.datetime]]) -> None:
    """Insert a StaleMinute for each (source, minute), in the transaction that changes what stands in them."""
    pairs = sorted(minutes)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_staleminute (source_id, minute) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[])",
            [[source for source, _ in pairs], [minute for _, minute in pairs]],
        )

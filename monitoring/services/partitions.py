"""The days of the log as partitions: one of predictions and one of feedback a day, made and dropped together.

A partition is made as a table of its own and then attached: that locks out no reader or writer of other days, which
CREATE TABLE … PARTITION OF would. Dropping needs the whole log for a moment; it waits only briefly and tries again.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterable

from django.db import OperationalError, connection, transaction

PARENTS = ("monitoring_prediction", "monitoring_feedback")
MAKING = 0x6D6C_6F70_0001
"""Number of the advisory lock under which partitions are made and dropped, one process at a time."""
DROP_TRIES = 10
DROP_LOCK_TIMEOUT = "500ms"
_NAME = re.compile(r"^monitoring_prediction_(\d{8})$")
_known: dict[str, frozenset[dt.date]] = {}
"""Days that exist, by name of database. Never too many of them: the retention job drops what it forgets."""


def name_of(parent: str, day: dt.date) -> str:
    return f"{parent}_{day:%Y%m%d}"


def ensure(days: Iterable[dt.date]) -> None:
    """Make the partitions of these days where they are missing. Costs nothing for days this process knows."""
    missing = set(days) - _known.get(_database(), frozenset())
    if not missing:
        return
    found = set(existing())
    if missing - found:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING])
            for day in sorted(missing - set(existing())):
                for parent in PARENTS:
                    _make(parent, day)
    # Within a transaction that may yet be rolled back nothing is remembered.
    database = _database()
    transaction.on_commit(lambda: _remember(database, found | missing))


def existing() -> list[dt.date]:
    """Days that have partitions, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = %s::regclass",
            [PARENTS[0]],
        )
        names = [name for (name,) in cursor.fetchall()]
    return sorted(dt.date.fromisoformat(match[1]) for name in names if (match := _NAME.match(name)))


def drop(day: dt.date, *, only_if: Callable[[], bool] = lambda: True) -> bool:
    """Drop a day of predictions and feedback in one transaction. False where it was not done: the log is too busy, or
    ``only_if``, asked when nobody can write to the day any more, said no.

    Whoever drops a day has written it out before (services/archive.py).
    """
    for attempt in range(DROP_TRIES):
        try:
            dropped = _drop(day, only_if)
        except OperationalError:
            if connection.in_atomic_block or attempt == DROP_TRIES - 1:
                return False
            time.sleep(0.2)
        else:
            forget()
            return dropped
    return False


def forget() -> None:
    """Ask the database anew which days exist; for when another process dropped one."""
    _known.pop(_database(), None)


def _drop(day: dt.date, only_if: Callable[[], bool]) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [DROP_LOCK_TIMEOUT])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING])
        for parent in PARENTS:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name_of(parent, day)])
            if cursor.fetchall() == [(True,)]:
                # Readers of the day go on; writers of this day alone wait.
                cursor.execute(f"LOCK TABLE {name_of(parent, day)} IN SHARE MODE")
        if not only_if():
            return False
        for parent in PARENTS:
            cursor.execute(f"DROP TABLE IF EXISTS {name_of(parent, day)}")
        return True


def _make(parent: str, day: dt.date) -> None:
    name, next_day = name_of(parent, day), day + dt.timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{next_day}')")


def _remember(database: str, days: set[dt.date]) -> None:
    _known[database] = _known.get(database, frozenset()) | days


def _database() -> str:
    return str(connection.settings_dict["NAME"])

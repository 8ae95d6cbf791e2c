"""Locks that last longer than a transaction, for work between transactions (a network call, say)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

TRACKER_RUN = 0x7472
"""Class of the locks on mirrors; PostgreSQL keeps them apart from any other class."""
CUSTOM_METRICS = 0x636D
"""Class of the one lock under which custom metrics are computed."""
LOGGED_RUNS = 0x6C72
"""Class of the lock on reading the runs that others logged to a tracker; its one key is 0."""

REGISTRATIONS = 0x7267
"""Class of the one lock under which completed runs become versions; its one key is 0."""
IMPORTANCE = 0x696D
"""Class of the one lock under which versions are explained as a whole; its one key is 0."""
REGISTERED_MODEL = 0x726D
"""Class of the locks under which MLflow is told of a model."""
SERVING_FILE = 0x7366
"""Class of the locks under which a version's file for serving is made."""


@contextmanager
def held(lock_class: int, key: int) -> Iterator[bool]:
    """Yields whether this session got the advisory lock, without waiting for it; gives it back at the end.

    The lock dies with the connection, so a killed process leaves none behind. It needs a session of its own: not to
    be used through a pooler in transaction mode.
    """
    numbers = [lock_class, key % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got:
            # A connection that broke in between took its locks with it.
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)

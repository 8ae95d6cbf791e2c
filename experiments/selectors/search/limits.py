"""A bound on how long a search may keep the database busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from experiments.query import QueryError

DEFAULT_SECONDS = 5.0
MEMORY = "64MB"


def seconds_allowed() -> float:
    return float(getattr(settings, "HISTORY_TIMEOUT_SECONDS", DEFAULT_SECONDS))


@contextmanager
def bounded_time() -> Iterator[None]:
    """Statements inside end after the seconds allowed. Raises QueryError that says how to narrow the search.

    Just-in-time compilation is off inside: it costs more than it saves on queries that read few rows. Sets of a
    million runs fit into the memory given.
    """
    allowed = seconds_allowed()
    nested = connection.in_atomic_block
    try:
        with transaction.atomic():
            before = _set(f"{int(allowed * 1000)}ms", "off", MEMORY)
            yield
            if nested:  # else both end with the transaction
                _set(*before)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise QueryError(
            f"This search takes longer than {allowed:g} s over all runs. Narrow it by a status, a dataset, a tag or a "
            "range of dates, or ask for whole values (= or IN) instead of parts of text."
        ) from error


def _set(timeout: str, jit: str, memory: str) -> tuple[str, str, str]:
    """All three for this transaction; returns what they were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('jit'), current_setting('work_mem'),"
            " set_config('statement_timeout', %s, true), set_config('jit', %s, true), set_config('work_mem', %s, true)",
            [timeout, jit, memory],
        )
        row = cursor.fetchone()
        return row[0], row[1], row[2]

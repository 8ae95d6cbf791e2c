"""A bound on how long a search may keep the database busy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from experiments.query import QueryError

SETTINGS = {"statement_timeout": "", "jit": "off", "work_mem": "64MB", "random_page_cost": "1.1"}
_SQL = "SELECT {}, {}".format(
    ", ".join(f"current_setting('{name}')" for name in SETTINGS),
    ", ".join(f"set_config('{name}', %s, true)" for name in SETTINGS),
)


def seconds_allowed() -> float:
    return float(settings.HISTORY_TIMEOUT_SECONDS)


@contextmanager
def bounded_time() -> Iterator[None]:
    """Statements inside end after the seconds allowed. Raises QueryError that says how to narrow the search.

    The planner is told what holds here: indexes are in memory or on a solid disk, sets of a million runs fit into
    memory, and compiling queries just in time costs more than it saves where few rows are read.
    """
    allowed = seconds_allowed()
    nested = connection.in_atomic_block
    try:
        with transaction.atomic():
            before = _set([*(SETTINGS | {"statement_timeout": f"{int(allowed * 1000)}ms"}).values()])
            yield
            if nested:  # else they end with the transaction
                _set(before)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise QueryError(
            f"This search takes longer than {allowed:g} s over all runs. Narrow it by a status, a dataset, a tag or a "
            "range of dates, or ask for whole values (= or IN) instead of parts of text."
        ) from error


def _set(values: Sequence[str]) -> list[str]:
    """Values of SETTINGS for this transaction; returns what they were."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, list(values))
        row = cursor.fetchone()
    return list(row[: len(SETTINGS)])

"""Writing predictions to the log, each exactly once however often it is sent.

A batch goes straight into the table by COPY. Only where one of its ids is there already, which is rare, the batch is
taken back and goes through a temporary table that leaves out what is known. Rows go in by order of their id, so two
writers of the same batch wait for each other instead of deadlocking.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import CheckViolation, DeadlockDetected, SerializationFailure, UniqueViolation

from monitoring.services import copy_text, joining, partitions
from monitoring.services.stale import mark_stale, minutes_of

COLUMNS = (
    'id, day, at, received_at, source_id, key, "user", history, fallback, items, scores, propensities, value, label, '
    "confidence, features, input_size, latency_ms, error"
)
_COPY = f"COPY monitoring_prediction ({COLUMNS}) FROM STDIN"
_MAKE_INCOMING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_predictions (LIKE monitoring_prediction) ON COMMIT DELETE ROWS"
)
_COPY_INCOMING = f"COPY incoming_predictions ({COLUMNS}) FROM STDIN"
_TAKE_INCOMING = f"""
INSERT INTO monitoring_prediction ({COLUMNS}) SELECT {COLUMNS} FROM incoming_predictions ORDER BY day, id
ON CONFLICT DO NOTHING RETURNING id, source_id, at
"""  # noqa: S608  names only
TRIES = 3
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class LoggedPrediction:
    """One row of the log (fields: monitoring/models/prediction.py). ``at`` has a zone; its UTC day is the partition."""

    id: uuid.UUID
    at: dt.datetime
    source_id: int
    key: str = ""
    user: str = ""
    history: int | None = None
    fallback: bool = False
    items: list[str] | None = None
    scores: list[float] | None = None
    propensities: list[float] | None = None
    value: float | None = None
    label: str = ""
    confidence: float | None = None
    features: dict[str, Any] | None = None
    input_size: int | None = None
    latency_ms: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: rows that are new, and rows that were there already (or twice in the batch)."""

    inserted: int
    doubled: int


def write_predictions(rows: Sequence[LoggedPrediction]) -> Written:
    """Write rows in one transaction; durable when it returns.

    With them the minutes whose windows they change are noted, and feedback that was waiting for them is joined.
    Raises django.db.DataError or IntegrityError where a row cannot be stored (its times and texts are the caller's to
    check), and OperationalError where the database does not answer; nothing is written then.
    """
    if not rows:
        return Written(0, 0)
    for attempt in range(TRIES):
        try:
            return _write(rows)
        except (IntegrityError, OperationalError) as error:
            # A day that another process dropped meanwhile, or a deadlock: neither comes back a third time.
            if not _may_pass(error) or connection.in_atomic_block or attempt == TRIES - 1:
                raise
            partitions.forget()
    raise AssertionError("unreachable")


def _may_pass(error: Exception) -> bool:
    cause = error.__cause__
    no_partition = isinstance(cause, CheckViolation) and cause.diag.constraint_name is None
    return no_partition or isinstance(cause, (DeadlockDetected, SerializationFailure))


def _write(rows: Sequence[LoggedPrediction]) -> Written:
    unique: dict[int, tuple[LoggedPrediction, dt.datetime]] = {}
    for row in rows:
        at = row.at.astimezone(dt.UTC)
        unique[at.toordinal() << 128 | row.id.int] = row, at
    ordered = [pair for _, pair in sorted(unique.items(), key=itemgetter(0))]
    days = {at.date() for _, at in ordered}
    partitions.ensure(days)
    stamp = timezone.now().isoformat()
    buffer = "".join([_line(row, at, stamp) for row, at in ordered]).encode()
    try:
        with transaction.atomic():
            joining.before_predictions()
            _copy(_COPY, buffer)
            _settle([row.id for row, _ in ordered], days, {(row.source_id, at) for row, at in ordered})
        return Written(len(ordered), len(rows) - len(ordered))
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
    with transaction.atomic():
        joining.before_predictions()
        new = _leave_out_known(buffer)
        _settle([row[0] for row in new], days, {(row[1], row[2]) for row in new})
    return Written(len(new), len(rows) - len(new))


def _leave_out_known(buffer: bytes) -> list[tuple[uuid.UUID, int, dt.datetime]]:
    """Write what is new; returns id, source and time of those rows."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_INCOMING)
        _copy(_COPY_INCOMING, buffer)
        cursor.execute(_TAKE_INCOMING)
        new: list[tuple[uuid.UUID, int, dt.datetime]] = cursor.fetchall()
        cursor.execute("TRUNCATE incoming_predictions")
    return new


def _settle(ids: Collection[uuid.UUID], days: Collection[dt.date], rows: set[tuple[int, dt.datetime]]) -> None:
    """What follows from new rows, in their transaction."""
    mark_stale(minutes_of(rows))
    joining.join_waiting(ids, days)


def _copy(statement: str, buffer: bytes) -> None:
    # Django wraps the errors of execute() by itself, not those of copy().
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(buffer)


def _line(row: LoggedPrediction, at: dt.datetime, received: str) -> str:
    features = copy_text.NULL if row.features is None else copy_text.text(_encode(row.features).decode())
    return (
        f"{row.id}\t{at.date()}\t{at}\t{received}\t{row.source_id}\t{copy_text.text(row.key)}\t{copy_text.text(row.user)}\t"
        f"{copy_text.number(row.history)}\t{'t' if row.fallback else 'f'}\t{copy_text.texts(row.items)}\t"
        f"{copy_text.numbers(row.scores)}\t{copy_text.numbers(row.propensities)}\t{copy_text.number(row.value)}\t"
        f"{copy_text.text(row.label)}\t{copy_text.number(row.confidence)}\t{features}\t"
        f"{copy_text.number(row.input_size)}\t{copy_text.number(row.latency_ms)}\t{copy_text.text(row.error)}\n"
    )

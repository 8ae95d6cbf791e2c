"""Writing feedback: joined to its prediction, left waiting for it, or counted as too late. Rules: docs/definitions.md.

Feedback is known by prediction, sender's key (or all of its content), so what is sent again is one row. All pieces
are kept; which of contradictory ones counts is decided where they are read: for each prediction, item and kind the
one with the greatest ``at``, then ``received_at``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss
from monitoring.services import joining, losses, partitions
from monitoring.services.log_days import CLOCK_SKEW, first_kept_day
from monitoring.services.prediction_ids import day_of
from monitoring.services.stale import mark_stale, minutes_of

_INSERT = """
INSERT INTO monitoring_feedback (id, day, prediction_id, item, kind, value, label, at, received_at)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::text[], %s::text[], %s::float8[], %s::text[],
                     %s::timestamptz[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING id
"""
_WAIT = """
INSERT INTO monitoring_waitingfeedback (id, workspace_id, prediction_id, item, kind, value, label, at, received_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::float8[], %s::text[],
                     %s::timestamptz[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING id
"""
_FIND = """
SELECT p.id, p.day, p.at, p.source_id, p.items FROM monitoring_prediction p
JOIN monitoring_source s ON s.id = p.source_id
WHERE p.day = %s AND p.id = ANY(%s) AND s.workspace_id = %s
"""
_REPLACED = """
SELECT count(*) FROM monitoring_feedback f WHERE f.id = ANY(%s) AND f.day = ANY(%s) AND f.prediction_id = ANY(%s)
AND EXISTS (SELECT 1 FROM monitoring_feedback o WHERE o.day = f.day AND o.prediction_id = f.prediction_id
            AND o.item = f.item AND o.kind = f.kind AND o.id <> f.id)
"""


@dataclass(slots=True)
class FeedbackRow:
    """One piece of feedback; ``key`` is the sender's own id of it. ``at`` has a zone."""

    prediction_id: uuid.UUID
    kind: str
    at: dt.datetime
    item: str = ""
    value: float | None = None
    label: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackWritten:
    """What became of a batch: ``joined + waiting + doubled + late`` is all of it.

    Of the joined, ``replaced`` are on something that had other feedback of the kind already (the latest counts),
    ``not_shown`` are on an item that the prediction's list does not have, and ``early`` are older than the prediction
    by more than clocks may differ. All of those are kept.
    """

    joined: int = 0
    waiting: int = 0
    doubled: int = 0
    replaced: int = 0
    late: int = 0
    not_shown: int = 0
    early: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    day: dt.date
    at: dt.datetime
    source_id: int
    items: list[str] | None


def write_feedback(rows: Sequence[FeedbackRow], *, workspace: Workspace) -> FeedbackWritten:
    """Write feedback in one transaction; durable when it returns.

    A prediction of another workspace is as unknown as one that never was. What is doubled, replaced or late is
    counted in LogLoss.
    """
    oldest = first_kept_day()
    unique = {feedback_id(row, workspace): row for row in rows}
    late = {key for key, row in unique.items() if (day := day_of(row.prediction_id)) is not None and day < oldest}
    open_rows = {key: row for key, row in unique.items() if key not in late}
    with transaction.atomic():
        found = _find(open_rows.values(), workspace)
        if any(row.prediction_id not in found for row in open_rows.values()):
            joining.before_waiting()
            unknown = [row for row in open_rows.values() if row.prediction_id not in found]
            found |= _find(unknown, workspace)
        known = {key: row for key, row in open_rows.items() if row.prediction_id in found}
        unknown_rows = {key: row for key, row in open_rows.items() if row.prediction_id not in found}
        joined = _join(known, found)
        waiting = _wait(unknown_rows, workspace)
        replaced = _count_replaced(joined, known, found)
        mark_stale(minutes_of((one.source_id, one.at) for one in (found[known[key].prediction_id] for key in joined)))
    new = [known[key] for key in joined]
    written = FeedbackWritten(
        joined=len(joined),
        waiting=len(waiting),
        doubled=len(rows) - len(joined) - len(waiting) - len(late),
        replaced=replaced,
        late=len(late),
        not_shown=sum(_not_shown(row, found[row.prediction_id]) for row in new),
        early=sum(row.at < found[row.prediction_id].at - CLOCK_SKEW for row in new),
    )
    _count_losses(written, workspace)
    return written


def feedback_id(row: FeedbackRow, workspace: Workspace) -> uuid.UUID:
    """By which it is known when it is sent again. The workspace is in it, so nobody can take another's place."""
    content = row.key or f"{row.kind}\n{row.item}\n{row.value}\n{row.label}\n{row.at.astimezone(dt.UTC).isoformat()}"
    return uuid.uuid5(row.prediction_id, f"{workspace.pk}\n{bool(row.key)}\n{content}")


def _find(rows: Iterable[FeedbackRow], workspace: Workspace) -> dict[uuid.UUID, _Found]:
    """The predictions of these rows that are in the log. Of our own ids the day is known; others are looked for from
    the newest day on, until all are found."""
    wanted: dict[dt.date | None, set[uuid.UUID]] = {}
    for row in rows:
        wanted.setdefault(day_of(row.prediction_id), set()).add(row.prediction_id)
    found: dict[uuid.UUID, _Found] = {}
    somewhere = wanted.pop(None, set())
    for known_day, ids in wanted.items():
        if known_day is not None:
            found |= _find_in(known_day, ids, workspace)
    for day in reversed(partitions.existing()) if somewhere else ():
        found |= _find_in(day, somewhere, workspace)
        somewhere -= found.keys()
        if not somewhere:
            break
    return found


def _find_in(day: dt.date, ids: set[uuid.UUID], workspace: Workspace) -> dict[uuid.UUID, _Found]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [day, list(ids), workspace.pk])
        return {row[0]: _Found(*row[1:]) for row in cursor.fetchall()}


def _join(known: dict[uuid.UUID, FeedbackRow], found: dict[uuid.UUID, _Found]) -> list[uuid.UUID]:
    if not known:
        return []
    # By order of the primary key: two writers of the same rows wait for each other instead of deadlocking.
    ordered = sorted(known, key=lambda key: (found[known[key].prediction_id].day, known[key].prediction_id, key))
    rows = [known[key] for key in ordered]
    days = [found[row.prediction_id].day for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [ordered, days, *_columns(rows)])
        return [key for (key,) in cursor.fetchall()]


def _wait(unknown: dict[uuid.UUID, FeedbackRow], workspace: Workspace) -> list[uuid.UUID]:
    if not unknown:
        return []
    ordered = sorted(unknown)
    rows = [unknown[key] for key in ordered]
    with connection.cursor() as cursor:
        cursor.execute(_WAIT, [ordered, [workspace.pk] * len(rows), *_columns(rows)])
        return [key for (key,) in cursor.fetchall()]


def _columns(rows: Sequence[FeedbackRow]) -> list[list[object]]:
    received = timezone.now()
    return [
        [row.prediction_id for row in rows],
        [row.item for row in rows],
        [str(row.kind) for row in rows],
        [row.value for row in rows],
        [row.label for row in rows],
        [row.at for row in rows],
        [received] * len(rows),
    ]


def _count_replaced(
    joined: list[uuid.UUID], known: dict[uuid.UUID, FeedbackRow], found: dict[uuid.UUID, _Found]
) -> int:
    if not joined:
        return 0
    predictions = [known[key].prediction_id for key in joined]
    days = sorted({found[one].day for one in predictions})
    with connection.cursor() as cursor:
        cursor.execute(_REPLACED, [joined, days, predictions])
        return int(cursor.fetchone()[0])


def _not_shown(row: FeedbackRow, prediction: _Found) -> bool:
    return bool(row.item) and prediction.items is not None and row.item not in prediction.items


def _count_losses(written: FeedbackWritten, workspace: Workspace) -> None:
    losses.count(LogLoss.Reason.DOUBLED_FEEDBACK, written.doubled, workspace=workspace)
    losses.count(LogLoss.Reason.REPLACED_FEEDBACK, written.replaced, workspace=workspace)
    losses.count(LogLoss.Reason.LATE_FEEDBACK, written.late, workspace=workspace)

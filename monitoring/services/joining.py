"""Feedback that came before its prediction, and how the two never miss each other.

Whoever writes predictions holds a lock that many can share; whoever is about to let feedback wait holds it alone, and
looks for the predictions once more under it. So a prediction is either seen by the feedback's writer or sees the
waiting feedback: there is no order of two transactions in which neither happens.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import connection

from monitoring.services.stale import mark_stale, minutes_of

MEETING = 0x6D6C_6F70_0002
"""Number of the advisory lock; taken before any row is locked, so it is in no deadlock."""

_JOIN = """
WITH joined AS (
    DELETE FROM monitoring_waitingfeedback w
    USING monitoring_prediction p JOIN monitoring_source s ON s.id = p.source_id
    WHERE w.prediction_id = ANY(%s) AND p.id = w.prediction_id AND p.day = ANY(%s) AND s.workspace_id = w.workspace_id
    RETURNING w.id, p.day, w.prediction_id, w.item, w.kind, w.value, w.label, w.at, w.received_at,
              p.source_id, p.at AS predicted_at
), kept AS (
    INSERT INTO monitoring_feedback (id, day, prediction_id, item, kind, value, label, at, received_at)
    SELECT id, day, prediction_id, item, kind, value, label, at, received_at FROM joined
    ORDER BY day, prediction_id, id
    ON CONFLICT DO NOTHING
)
SELECT source_id, predicted_at FROM joined
"""


def before_predictions() -> None:
    """Called first in a transaction that writes predictions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [MEETING])


def before_waiting() -> None:
    """Called before feedback is left waiting; predictions not seen after it will find that feedback."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MEETING])


def join_waiting(prediction_ids: Collection[uuid.UUID], days: Collection[dt.date]) -> int:
    """Move feedback that waited for these predictions of these days to them; returns how many pieces.

    The minutes of those predictions become stale. Feedback of another workspace goes on waiting.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM monitoring_waitingfeedback)")
        if not prediction_ids or cursor.fetchall() == [(False,)]:
            return 0
        cursor.execute(_JOIN, [list(prediction_ids), list(days)])
        joined = cursor.fetchall()
    mark_stale(minutes_of(joined))
    return len(joined)

"""Counting what did not get into the log as it was sent: nothing is dropped in silence."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss
from monitoring.services.log_days import utc_day

MAX_DETAIL = 500
_ADD = """
INSERT INTO monitoring_logloss (workspace_id, day, reason, count, detail, last_at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT log_loss_once DO UPDATE
SET count = monitoring_logloss.count + EXCLUDED.count, last_at = EXCLUDED.last_at,
    detail = CASE WHEN EXCLUDED.detail = '' THEN monitoring_logloss.detail ELSE EXCLUDED.detail END
"""


def count(reason: LogLoss.Reason, number: int = 1, *, workspace: Workspace | None = None, detail: str = "") -> None:
    """Add ``number`` to today's count of the reason; ``detail`` is kept of the last one that has any.

    One upsert: call it after the transaction it tells of, so that writers do not queue for the row of the day.
    """
    if number <= 0:
        return
    now = timezone.now()
    text = detail.replace("\x00", "")[:MAX_DETAIL]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [workspace.pk if workspace else None, utc_day(now), str(reason), number, text, now])

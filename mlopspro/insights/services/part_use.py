"""Counting a visit to a part: a person, a day and a part, and nothing about what was looked at."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from mlopspro.accounts.models import User, Workspace
from mlopspro.insights.parts import WHOLE

PAUSE = dt.timedelta(minutes=30)
"""A longer pause between two pages ends a session; a shorter one is time spent."""
AGAIN_SECONDS = 60
"""Another visit to the same part within this adds nothing worth a write."""
_WAIT = "SET LOCAL lock_timeout = '200ms'"
# The workspace's row is read again under a lock: once its switch is off, nothing more is written, however late.
_SQL = """
INSERT INTO accounts_partuse AS known (workspace_id, user_id, day, part, visits, sessions, seconds, last_at)
SELECT w.id, %(user)s, %(day)s, p.part, 1, 1, 0, %(at)s
FROM (SELECT id FROM accounts_workspace WHERE id = %(workspace)s AND usage_recorded FOR SHARE) AS w,
    unnest(%(parts)s::text[]) WITH ORDINALITY AS p(part, place)
ORDER BY p.place
ON CONFLICT (workspace_id, day, user_id, part) DO UPDATE SET
    visits = known.visits + 1,
    sessions = known.sessions + CASE WHEN excluded.last_at - known.last_at < %(pause)s THEN 0 ELSE 1 END,
    seconds = known.seconds + CASE WHEN excluded.last_at - known.last_at < %(pause)s
        THEN greatest(0, extract(epoch FROM excluded.last_at - known.last_at))::int ELSE 0 END,
    last_at = greatest(known.last_at, excluded.last_at)"""


def visit(workspace: Workspace, user: User, part: str, at: dt.datetime) -> bool:
    """Counts it, if the workspace's switch is on; whether anything was written. One statement, at most one a minute
    for the same person and part. Raises what the database raises."""
    if not workspace.usage_recorded or not cache.add(f"part-use:{workspace.pk}:{user.pk}:{part}", 1, AGAIN_SECONDS):
        return False
    values: dict[str, Any] = {
        "workspace": workspace.pk, "user": user.pk, "day": at.astimezone(dt.UTC).date(), "at": at, "pause": PAUSE,
        "parts": [part, WHOLE],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WAIT)
        cursor.execute(_SQL, values)
        written: int = cursor.rowcount
    return written > 0

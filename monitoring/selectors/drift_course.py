"""Checks of drift over time: of a long period only as many as a line can show."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from monitoring.models import Check
from monitoring.selectors.windows import Period
from monitoring.services.scene import analysed

MOST_POINTS = 48
_SQL = """
SELECT id, at, score, verdict FROM (
    SELECT DISTINCT ON (bucket) id, at, score, verdict, floor(extract(epoch FROM at - %(start)s) / %(step)s) AS bucket
    FROM monitoring_check
    WHERE model_id = %(model)s AND area = 'drift' AND at >= %(start)s AND at < %(end)s AND (through = 'schedule'
        OR ("end" - "start" = %(length)s AND "end" >= at - interval '1 hour'))
    ORDER BY bucket, at DESC) AS thinned
ORDER BY at"""


def course_of(check: Check, chosen: Period, seconds: int) -> tuple[Check, ...]:
    """Checks of the analysed window, of ``seconds``, within the period, oldest first: one query.

    At most 48, evenly in time, each the last of its stretch. Only their id, time, score and verdict are known.
    """
    model: uuid.UUID = check.model_id
    window = analysed(seconds, check.at)
    step = max(1.0, (chosen.end - chosen.start).total_seconds() / MOST_POINTS)
    given: dict[str, Any] = {"model": model, "start": chosen.start, "end": chosen.end, "step": step,
             "length": window.end - window.start}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SQL, given)
        rows = cursor.fetchall()
    return tuple(Check(pk=pk, at=at, score=score, verdict=verdict) for pk, at, score, verdict in rows)

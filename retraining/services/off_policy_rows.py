"""Logged lists of which it is known with what chance their items were shown, and which of these people wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from experiments.models import ModelVersion
from monitoring.models import Source
from monitoring.services import partitions
from monitoring.services.log_days import utc_day
from monitoring.services.window_rows import liked_from

MOST = 50_000
"""The newest lists that are read: what an estimate needs, in a second or two."""
STATEMENT_TIMEOUT = "10s"
_ROWS = """
WITH lists AS (
    SELECT p.day, p.id, p.at, p."user", p.items, p.propensities, p.source_id
    FROM monitoring_prediction p
    WHERE p.source_id = ANY(%(sources)s) AND p.at >= %(since)s AND p.at < %(until)s AND p.day = ANY(%(days)s::date[])
      AND p.propensities IS NOT NULL AND p.error = '' AND p."user" <> '' AND cardinality(p.items) > 0
    ORDER BY p.at DESC LIMIT %(most)s
)
SELECT l."user", l.items, l.propensities, l.source_id, ARRAY(
    SELECT item FROM (
        SELECT DISTINCT ON (f.item, f.kind) f.item, f.kind, f.value FROM monitoring_feedback f
        WHERE f.day = l.day AND f.prediction_id = l.id AND f.kind IN ('rating', 'click', 'conversion', 'skip')
          AND f.item = ANY(l.items) AND f.day = ANY(%(days)s::date[])
        ORDER BY f.item, f.kind, f.at DESC, f.received_at DESC, f.id DESC
    ) spoken GROUP BY item
    HAVING bool_or(CASE kind WHEN 'rating' THEN value >= %(liked_from)s AND value < 'Infinity'
                             WHEN 'skip' THEN false ELSE value IS DISTINCT FROM 0 END)
)
FROM lists l ORDER BY l.at DESC"""
"""Feedback is looked up list by list over its key: of a log that has just grown the planner knows no sizes."""
_SETTINGS = "SELECT set_config('statement_timeout', %s, true), set_config('enable_seqscan', %s, true)"
"""A partition that was analysed while it was empty would be read whole for every list."""


@dataclass(frozen=True, slots=True)
class LoggedList:
    """``own``: shown by this product, which draws the last place and no other. ``liked``: items with a yes."""

    user: str
    items: tuple[str, ...]
    propensities: tuple[float, ...]
    liked: frozenset[str]
    own: bool


def read(champion: ModelVersion, since: dt.datetime, *, most: int = MOST) -> list[LoggedList]:
    """Newest first: the champion's own lists, and those of the model that others served and sent with propensities.

    A yes is what it is in live quality (monitoring/summaries/judged.py). Raises OperationalError after ten seconds.
    """
    now = timezone.now()
    rows = Source.objects.filter(model=champion.model)
    own = list(rows.filter(version=champion, role=Source.As.CHAMPION).values_list("pk", flat=True))
    others = list(rows.filter(role=Source.As.ELSEWHERE).values_list("pk", flat=True))
    first, last = utc_day(since), utc_day(now)
    days = sorted(
        {first + dt.timedelta(days=place) for place in range((last - first).days + 1)} & set(partitions.existing())
    )
    if not days or not own + others:
        return []
    values: dict[str, Any] = {
        "sources": own + others, "since": since, "until": now, "days": days, "most": most,
        "liked_from": liked_from(Source(model=champion.model, version=champion, role=Source.As.CHAMPION)),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTINGS, [STATEMENT_TIMEOUT, "off"])
        cursor.execute(_ROWS, values)
        found = cursor.fetchall()
        cursor.execute(_SETTINGS, ["0", "on"])
    mine = frozenset(own)
    return [
        LoggedList(user, tuple(items), tuple(chances), frozenset(liked), source in mine)
        for user, items, chances, source, liked in found
    ]

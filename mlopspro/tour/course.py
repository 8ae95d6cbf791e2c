"""How good lists were in stretches of five seconds, by version, read from the prediction log with its feedback.

The product's windows are minutes, hours and days; a tour of four minutes is told in finer steps. Judged as windows are
(monitoring/summaries/judged.py): binary gain, log2 discount, ideal over the positives known of that list, lists without
a positive left out.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from experiments.models import ModelVersion
from monitoring.models import Source
from monitoring.services.window_rows import liked_from

STEP = 5
SETTLED = 4
"""Seconds after its end that a stretch still waits for feedback and the log shipper."""
Point = list[Any]
"""[Unix seconds of the start, number of the version, mean NDCG@10, lists]"""


@dataclass(frozen=True)
class Quality:
    """Mean NDCG@10 of judged lists; ``value`` is None where there is none."""

    value: float | None
    lists: int


class Course:
    """Of one model, once it is known."""

    def __init__(self, model: uuid.UUID | None = None) -> None:
        self.model = model

    def extended(self, points: list[Point], since: str, now: dt.datetime | None = None) -> list[Point]:
        """``points`` and those of the stretches that have settled since the last of them; from ``since`` (ISO) on."""
        until = _floor((now or timezone.now()) - dt.timedelta(seconds=SETTLED))
        start = _floor(dt.datetime.fromisoformat(since))
        if points:
            start = dt.datetime.fromtimestamp(points[-1][0] + STEP, dt.UTC)
        if start >= until:
            return points
        found = self._read(start, until)
        return points + [[at, number, round(total / lists, 4), lists] for at, number, total, lists in found if lists]

    def quality(
        self, since: dt.datetime, until: dt.datetime | None = None, version: ModelVersion | None = None
    ) -> Quality:
        """Of a stretch as a whole, of all versions or of one."""
        found = self._read(since, until or timezone.now(), version)
        lists = sum(one[3] for one in found)
        return Quality(sum(one[2] for one in found) / lists if lists else None, lists)

    def _read(
        self, start: dt.datetime, end: dt.datetime, version: ModelVersion | None = None
    ) -> list[tuple[int, str, float, int]]:
        rows = Source.objects.filter(model=self.model).exclude(role=Source.As.SHADOW)
        if version is not None:
            rows = rows.filter(version=version)
        sources = list(rows.select_related("version__dataset", "version__experiment"))
        numbers = {one.pk: one.version.number for one in sources if one.version is not None}
        if not numbers:
            return []
        asked: dict[str, Any] = {
            "sources": list(numbers), "start": start, "end": end, "liked": liked_from(sources[0]), "step": STEP,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_SQL, asked)
            found = cursor.fetchall()
        return [(int(at), numbers[source], float(total), int(lists)) for at, source, total, lists in found]


_SQL = """
WITH spoken AS (
    SELECT p.id, p.at, p.source_id, array_position(p.items, f.item) AS place,
           bool_or(CASE f.kind WHEN 'rating' THEN f.value >= %(liked)s WHEN 'skip' THEN false
                   ELSE coalesce(f.value, 1) <> 0 END) AS positive
    FROM monitoring_prediction p JOIN monitoring_feedback f ON f.day = p.day AND f.prediction_id = p.id
    WHERE p.day BETWEEN (%(start)s AT TIME ZONE 'UTC')::date AND (%(end)s AT TIME ZONE 'UTC')::date
      AND p.source_id = ANY(%(sources)s) AND p.at >= %(start)s AND p.at < %(end)s
      AND f.kind IN ('rating', 'click', 'conversion', 'skip')
    GROUP BY p.id, p.at, p.source_id, f.item, p.items
), lists AS (
    SELECT at, source_id,
           coalesce(sum(1 / (ln(place + 1) / ln(2))) FILTER (WHERE positive AND place <= 10), 0) AS gain,
           count(*) FILTER (WHERE positive) AS known
    FROM spoken GROUP BY id, at, source_id
)
SELECT floor(extract(epoch FROM at) / %(step)s)::bigint * %(step)s AS stretch, source_id,
       sum(gain / (SELECT sum(1 / (ln(rank + 1) / ln(2))) FROM generate_series(1, least(known, 10)) AS rank)),
       count(*)
FROM lists WHERE known > 0 GROUP BY stretch, source_id ORDER BY stretch, source_id"""


def _floor(moment: dt.datetime) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(moment.timestamp()) // STEP * STEP, dt.UTC)

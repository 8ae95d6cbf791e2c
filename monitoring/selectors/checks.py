"""The newest judgements of models, and those before: what pages and the API read of checks and their findings."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import prefetch_related_objects

from experiments.models import RegisteredModel
from monitoring.models import Check, Finding

AREAS = tuple(Check.Area.values)
_IS_OF_NOW = """
    (c.through = 'schedule' OR (
        c."end" >= c.at - interval '1 hour'
        AND extract(epoch FROM c."end" - c.start) = ceil(w.seconds / w.level) * w.level
    ))"""
"""A check that was asked for may look back, or at another stretch than the settings say: it is not the state now."""
_WINDOW = """
    LEFT JOIN monitoring_monitoringsettings s ON s.model_id = m.id, LATERAL (
        SELECT coalesce(s.window_seconds, 86400)::float AS seconds,
            CASE WHEN s.window_seconds <= 7200 THEN 60 WHEN s.window_seconds > 691200 THEN 86400 ELSE 3600 END AS level
    ) AS w"""
"""As services/scene.py cuts the analysed stretch."""
_NEWEST = f"""
SELECT f.* FROM unnest(%s::uuid[]) AS m(id) {_WINDOW}, unnest(%s::text[]) AS a(area), LATERAL (
    SELECT c.* FROM monitoring_check c WHERE c.model_id = m.id AND c.area = a.area AND {_IS_OF_NOW}
    ORDER BY c.at DESC LIMIT 1) AS f"""  # noqa: S608  put together from the texts above
_COURSE = f"""
SELECT m.id, p.n, f.score FROM unnest(%s::uuid[]) AS m(id) {_WINDOW},
    unnest(%s::timestamptz[]) WITH ORDINALITY AS p(at, n), LATERAL (
    SELECT c.score FROM monitoring_check c
    WHERE c.model_id = m.id AND c.area = %s AND c.at <= p.at AND c.at > p.at - %s * interval '1 second' AND {_IS_OF_NOW}
    ORDER BY c.at DESC LIMIT 1) AS f"""  # noqa: S608  put together from the texts above
_HISTORY = """
SELECT f.* FROM unnest(%s::text[]) AS a(area), LATERAL (
    SELECT * FROM monitoring_check c WHERE c.model_id = %s AND c.area = a.area AND (c.at, c.id) < (%s, %s)
    ORDER BY c.at DESC, c.id DESC LIMIT %s) AS f
ORDER BY f.at DESC, f.id DESC LIMIT %s"""
_END, _LAST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC), uuid.UUID(int=2**128 - 1)
Newest = dict[str, Check]
"""By area."""


def newest(models: Iterable[RegisteredModel]) -> dict[uuid.UUID, Newest]:
    """The newest check of each area that has one: one query, one step of an index a model and area."""
    found: dict[uuid.UUID, Newest] = {}
    for one in Check.objects.raw(_NEWEST, [[model.pk for model in models], list(AREAS)]):
        found.setdefault(one.model_id, {})[one.area] = one
    return found


def course(
    models: Sequence[RegisteredModel], area: str, moments: Sequence[dt.datetime], step: dt.timedelta
) -> dict[uuid.UUID, list[float | None]]:
    """The area's score as of each moment, None where nothing was judged within ``step`` before it: one query."""
    empty: list[float | None] = [None] * len(moments)
    found = {one.pk: list(empty) for one in models}
    with connection.cursor() as cursor:
        cursor.execute(_COURSE, [list(found), list(moments), area, step.total_seconds()])
        for model, place, score in cursor.fetchall():
            found[model][place - 1] = score
    return found


def history(
    model: RegisteredModel, areas: Sequence[str], number: int, after: tuple[dt.datetime, uuid.UUID] | None = None
) -> list[Check]:
    """The newest first, of these areas; ``after`` the place of one. Two queries."""
    at, last = after or (_END, _LAST)
    found = Check.objects.raw(_HISTORY, [list(areas), model.pk, at, last, number, number])
    rows = list(found)
    prefetch_related_objects(rows, "version")
    return rows


def findings(check: Check | None) -> list[Finding]:
    """All of one check, as it wrote them."""
    return list(Finding.objects.filter(check_of=check).order_by("pk")) if check is not None else []

"""Single predictions: the newest of a model, and one with all that is known of it.

The only pages that read the log itself, and both by its indexes: the newest rows of a source in the days around its
last one, and one row by its id.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from mlopspro.accounts.models import Workspace
from monitoring.models import Feedback, Prediction, Source
from monitoring.selectors.titles import titles_of
from monitoring.services.prediction_ids import day_of

SHOWN = 20
HIGH, MEDIUM = 0.8, 0.5
"""From here on a confidence is called high, and medium."""
_NEWEST = """
SELECT p.id, p.at, p.source_id, p."user", p.fallback, p.items[1], cardinality(p.items), p.value, p.label, p.confidence,
       p.latency_ms, p.error
FROM unnest(%(sources)s::bigint[]) AS s(id), LATERAL (
    SELECT * FROM monitoring_prediction
    WHERE source_id = s.id AND day >= %(first)s AND day <= %(last)s {before} ORDER BY at DESC, id DESC LIMIT %(limit)s
) AS p
ORDER BY p.at DESC, p.id DESC LIMIT %(limit)s"""
_BEFORE = "AND at <= %(at)s AND (at, id) < (%(at)s, %(id)s)"


@dataclass(frozen=True)
class Recent:
    """A row of the table; ``answer`` in words, ``title`` of the first item where it has one."""

    pk: uuid.UUID
    at: dt.datetime
    source: Source
    user: str
    fallback: bool
    first: str
    length: int | None
    value: float | None
    label: str
    confidence: float | None
    latency_ms: float | None
    error: str
    title: str = ""

    @property
    def more(self) -> int:
        return max(0, (self.length or 0) - 1)

    @property
    def confidence_word(self) -> str:
        return _level(self.confidence)[0]

    @property
    def confidence_tone(self) -> str:
        return _level(self.confidence)[1]


def _level(confidence: float | None) -> tuple[str, str]:
    if confidence is None:
        return "", ""
    if confidence >= HIGH:
        return "high", "good"
    return ("medium", "warning") if confidence >= MEDIUM else ("low", "bad")


def newest(
    sources: Sequence[Source],
    around: dt.datetime | None,
    limit: int = SHOWN,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
) -> list[Recent]:
    """The newest predictions of the sources: of the day of ``around`` (their last one), the day before and the next.

    ``after`` gives those older than this (time, id).
    """
    if not sources or around is None:
        return []
    day = around.astimezone(dt.UTC).date()
    asked: dict[str, Any] = {
        "sources": [one.pk for one in sources],
        "first": day - dt.timedelta(days=1),
        "last": day + dt.timedelta(days=1),
        "limit": limit,
    }
    if after is not None:
        asked |= {"at": after[0], "id": after[1]}
    known = {one.pk: one for one in sources}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(before=_BEFORE if after is not None else ""), asked)
        found: list[Any] = cursor.fetchall()
    rows = [Recent(*row[:2], known[row[2]], row[3], row[4], row[5] or "", *row[6:]) for row in found]  # type: ignore[call-arg]
    titles = titles_of(_datasets(sources), {row.first for row in rows if row.first})
    return [_titled(row, titles) for row in rows]


def _titled(row: Recent, titles: dict[str, str]) -> Recent:
    title = titles.get(row.first, "")
    return replace(row, title=title) if title else row


def _datasets(sources: Sequence[Source]) -> list[Any]:
    return [one.version.dataset for one in sources if one.version is not None]


@dataclass(frozen=True)
class ShownItem:
    """An item of a list with what is known of it; ``reactions`` the latest of each kind first."""

    place: int
    item: str
    title: str
    score: float | None
    propensity: float | None
    reactions: list[Feedback] = field(default_factory=list)


@dataclass(frozen=True)
class Detail:
    """One prediction with everything that is known of it."""

    prediction: Prediction
    source: Source
    items: list[ShownItem]
    other: list[Feedback]
    """Feedback that is on none of the shown items."""
    titles: dict[str, str]

    @property
    def confidence_word(self) -> str:
        return _level(self.prediction.confidence)[0]

    @property
    def confidence_tone(self) -> str:
        return _level(self.prediction.confidence)[1]


def detail(workspace: Workspace, pk: uuid.UUID) -> Detail | None:
    """Of this workspace; None for what is not there, or is another's. Our own ids tell the day they stand in."""
    rows = Prediction.objects.filter(pk=pk)
    if (day := day_of(pk)) is not None:
        rows = rows.filter(day=day)
    found = rows.first()
    if found is None:
        return None
    joined = Source.objects.select_related("model", "version__dataset", "version__model")
    source = joined.filter(pk=found.source_id, workspace=workspace).first()
    if source is None:
        return None
    reactions = list(Feedback.objects.filter(day=found.day, prediction_id=pk).order_by("-at", "-received_at", "-pk"))
    return _detail(found, source, reactions)


def _detail(found: Prediction, source: Source, reactions: list[Feedback]) -> Detail:
    items = list(found.items or [])
    titles = titles_of(_datasets([source]), {*items, *(one.item for one in reactions)})
    by_item: dict[str, list[Feedback]] = {}
    for one in reactions:
        by_item.setdefault(one.item, []).append(one)

    def at(values: list[float] | None, place: int) -> float | None:
        return values[place] if values is not None and place < len(values) else None

    shown = [
        ShownItem(
            place + 1,
            item,
            titles.get(item, ""),
            at(found.scores, place),
            at(found.propensities, place),
            by_item.get(item, []),
        )
        for place, item in enumerate(items)
    ]
    return Detail(found, source, shown, [one for one in reactions if one.item not in set(items)], titles)

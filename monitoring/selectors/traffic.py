"""What the monitoring page shows of one model's traffic, and of all models at a glance."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import Source, StaleMinute, Window
from monitoring.selectors import recent
from monitoring.selectors.titles import titles_of
from monitoring.selectors.windows import Period, Totals, WindowPoint, series, total
from monitoring.services.window_reads import last_minute as last_minute
from monitoring.services.window_reads import sources_of as sources_of
from monitoring.summaries.top import Frequent

WAITING_AFTER = dt.timedelta(minutes=1)
"""Rows of the log that are not in the windows after this are said to wait."""
TOP = 8


@dataclass(frozen=True)
class TopItem:
    """``share`` of all places in lists (of all answers, for classifiers)."""

    item: str
    title: str
    frequent: Frequent
    share: float


@dataclass(frozen=True)
class Day:
    """A UTC day of the period, as far as the period has it."""

    day: dt.date
    predictions: int
    errors: int
    labelled: int

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.predictions if self.predictions else None


@dataclass(frozen=True)
class Traffic:
    """Everything of the page about one model and period; ``deployments`` overlap the period, oldest first."""

    model: RegisteredModel
    period: Period
    sources: list[Source]
    points: list[WindowPoint]
    totals: Totals
    deployments: list[Deployment]
    last: dt.datetime | None
    waiting: bool
    top: list[TopItem]
    recent: list[recent.Recent]

    @property
    def live(self) -> Deployment | None:
        """The champion of this moment."""
        return next((one for one in self.deployments if one.ended_at is None and one.role == "champion"), None)

    @property
    def days(self) -> list[Day]:
        """The newest first."""
        found: dict[dt.date, list[int]] = {}
        for point in self.points:
            sums = found.setdefault(point.start.astimezone(dt.UTC).date(), [0, 0, 0])
            for at, value in enumerate((point.predictions, point.errors, point.labelled)):
                sums[at] += value
        return [Day(day, *found[day]) for day in sorted(found, reverse=True)]

    @property
    def users(self) -> list[tuple[Frequent, float]]:
        """Top users with their share of the predictions that name a user."""
        known = self.totals.counts.get("known_users", 0)
        return [(one, one.count / known) for one in self.totals.top_users(TOP)] if known else []

    @property
    def has_lists(self) -> bool:
        return bool(self.totals.counts.get("lengths")) or not self.totals.predictions


def traffic(model: RegisteredModel, sources: Sequence[Source], chosen: Period) -> Traffic:
    """Seven queries whatever the numbers of rows, windows and versions."""
    whole = total(sources, chosen, ("counts", "users", "items", "confidence", "latency", "top_items", "top_users"))
    last = last_minute(sources)
    frequent = whole.top_items(TOP)
    shown = max(1, whole.shown_items)
    datasets = [one.version.dataset for one in sources if one.version is not None]
    titles = titles_of(datasets, [one.word for one in frequent])
    return Traffic(
        model=model,
        period=chosen,
        sources=list(sources),
        points=series(sources, chosen, ("latency",)),
        totals=whole,
        deployments=deployments_in(model, chosen),
        last=last,
        waiting=is_waiting(sources),
        top=[TopItem(one.word, titles.get(one.word, ""), one, one.count / shown) for one in frequent],
        recent=recent.newest(sources, last),
    )


def state_of(model: RegisteredModel, sources: Sequence[Source], chosen: Period) -> tuple[object, ...]:
    """What the page's fragment depends on, cheaply: two queries."""
    ids = [one.pk for one in sources]
    rows = Window.objects.filter(source__in=ids, level=chosen.level, start__gte=chosen.start, start__lt=chosen.end)
    windows = rows.aggregate(Count("pk"), Max("computed_at"), Sum("revision"))
    live = Deployment.objects.filter(model=model).aggregate(
        newest=Max("pk"), ended=Count("pk", filter=Q(ended_at__isnull=False))
    )
    return (
        model.pk,
        model.updated_at,
        chosen.start,
        chosen.end,
        ids,
        *windows.values(),
        *live.values(),
        is_waiting(sources),
    )


def deployments_in(model: RegisteredModel, chosen: Period) -> list[Deployment]:
    """That were live at any moment of the period; the newest hundred."""
    rows = Deployment.objects.select_related("version__model").filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=chosen.start), model=model, started_at__lt=chosen.end
    )
    return list(rows.order_by("-started_at")[:100])[::-1]


def is_waiting(sources: Iterable[Source]) -> bool:
    """Whether rows of the log wait for longer than they should: stale minutes are old and nothing is computed."""
    limit = timezone.now() - WAITING_AFTER
    if not StaleMinute.objects.filter(source__in=[one.pk for one in sources], minute__lt=limit).exists():
        return False
    newest = Window.objects.filter(source__in=[one.pk for one in sources]).aggregate(at=Max("computed_at"))["at"]
    return newest is None or newest < limit


@dataclass(frozen=True)
class ModelTraffic:
    """A row of the overview."""

    model: RegisteredModel
    live: Deployment | None
    counts: list[int]
    predictions: int
    errors: int
    labelled: int
    last: dt.datetime | None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.predictions if self.predictions else None

    @property
    def labelled_share(self) -> float | None:
        return self.labelled / self.predictions if self.predictions else None


SHOWN_MODELS = 100
"""On one page; a search finds the others."""
_BY_MODEL = """
SELECT s.model_id, w.start, sum(w.predictions), sum(w.errors), sum(w.labelled)
FROM monitoring_window w JOIN monitoring_source s ON s.id = w.source_id
WHERE s.model_id = ANY(%s) AND w.level = %s AND w.start >= %s AND w.start < %s GROUP BY 1, 2"""
_LAST = """
SELECT s.model_id, max(w.start)
FROM monitoring_source s, unnest(ARRAY[60, 86400]) AS l(level), LATERAL (
    SELECT start FROM monitoring_window WHERE source_id = s.id AND level = l.level AND predictions > 0
    ORDER BY start DESC LIMIT 1) AS w
WHERE s.model_id = ANY(%s) GROUP BY 1"""


def overview(
    workspace: Workspace, chosen: Period, search: str = "", *, only: RegisteredModel | None = None
) -> list[ModelTraffic]:
    """Models whose name has ``search`` in it, or one alone, the busiest first: four queries. One more than are shown,
    where there are more; live ones are chosen first."""
    rows = RegisteredModel.objects.filter(workspace=workspace, name__icontains=search)
    rows = rows.filter(pk=only.pk) if only is not None else rows
    asked = Exists(Source.objects.filter(model=OuterRef("pk")))
    is_live = Exists(Deployment.objects.filter(model=OuterRef("pk"), ended_at__isnull=True))
    known = rows.filter(Q(archived_at__isnull=True) | asked).annotate(is_live=is_live).order_by("-is_live", "name")
    models = {one.pk: one for one in known[: SHOWN_MODELS + 1]}
    live = Deployment.objects.select_related("version").filter(model__in=models, role="champion", ended_at__isnull=True)
    champions = {one.model_id: one for one in live}
    by_model: dict[uuid.UUID, dict[dt.datetime, Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_MODEL, [list(models), chosen.level, chosen.start, chosen.end])
        for pk, start, *sums in cursor.fetchall():
            by_model.setdefault(pk, {})[start] = [int(one) for one in sums]
        cursor.execute(_LAST, [list(models)])
        last = dict(cursor.fetchall())
    found = [_row(one, champions.get(pk), by_model.get(pk, {}), last.get(pk), chosen) for pk, one in models.items()]
    return sorted(found, key=lambda row: (-row.predictions, row.live is None, row.model.name))


def _row(
    model: RegisteredModel,
    live: Deployment | None,
    windows: dict[dt.datetime, Any],
    last: dt.datetime | None,
    chosen: Period,
) -> ModelTraffic:
    predictions, errors, labelled = (sum(window[at] for window in windows.values()) for at in range(3))
    counts = [windows.get(start, [0])[0] for start in chosen.starts]
    return ModelTraffic(model, live, counts, predictions, errors, labelled, last)

"""All models at a glance: how each stands, what it costs, whether it drifts, whether anybody must look (F135–F142)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import Alert, Check, MonitoringSettings, Severity, Verdict
from monitoring.selectors import checks
from monitoring.selectors.checks import Newest
from monitoring.selectors.traffic import SHOWN_MODELS, ModelTraffic, overview
from monitoring.selectors.windows import MINUTE, Period
from monitoring.services.window_writes import floor
from monitoring.stats.standing import Status, status_of

Area = Check.Area
COURSE_POINTS = 24
RATE_MINUTES = 5
_RATES = """
SELECT s.model_id, sum(w.predictions)::float / %s
FROM monitoring_window w JOIN monitoring_source s ON s.id = w.source_id
WHERE s.model_id = ANY(%s) AND w.level = 60 AND w.start >= %s AND w.start < %s GROUP BY 1"""


@dataclass(frozen=True)
class ModelRow:
    """One model; ``course`` is its performance as of moments of the period, ``per_minute`` that of the last minutes."""

    traffic: ModelTraffic
    checks: Newest
    course: list[float | None]
    alerts: int
    critical: int
    per_minute: float
    cost_limit: float

    @property
    def model(self) -> RegisteredModel:
        return self.traffic.model

    @property
    def is_watched(self) -> bool:
        return self.traffic.live is not None or self.traffic.last is not None

    @property
    def status(self) -> Status:
        quality, freshness = self.checks.get(Area.QUALITY), self.checks.get(Area.FRESHNESS)
        return status_of(quality.verdict if quality else None, freshness.verdict if freshness else None)

    @property
    def performance(self) -> float | None:
        return self._score(Area.QUALITY)

    @property
    def cost(self) -> float | None:
        return self._score(Area.COST)

    @property
    def drift(self) -> Check | None:
        return self.checks.get(Area.DRIFT)

    @property
    def drift_score(self) -> float | None:
        return self._score(Area.DRIFT)

    @property
    def data(self) -> Check | None:
        return self.checks.get(Area.DATA)

    @property
    def checked_at(self) -> dt.datetime | None:
        return max((one.at for one in self.checks.values()), default=None)

    @property
    def is_too_dear(self) -> bool:
        return self.cost is not None and self.cost > self.cost_limit

    @property
    def needs_somebody(self) -> bool:
        return self.is_watched and (self.status in (Status.DEGRADED, Status.STALE) or self.critical > 0)

    @property
    def urgency(self) -> tuple[Any, ...]:
        """Rows are shown in this order."""
        traffic = self.traffic
        state = -self.status.severity if self.is_watched else 1
        return (
            not self.needs_somebody,
            state,
            -self.alerts,
            -traffic.predictions,
            traffic.live is None,
            self.model.name,
        )

    @property
    def state(self) -> tuple[object, ...]:
        """What the row shows."""
        one = self.traffic
        found = sorted((area, check.pk) for area, check in self.checks.items())
        return (
            self.model.pk, self.model.name, one.counts, one.errors, one.labelled, one.last, one.live, found,
            self.course, self.alerts, self.critical, self.per_minute, self.cost_limit,
        )  # fmt: skip

    def _score(self, area: str) -> float | None:
        """None where it was not judged: a figure of too little data is none."""
        check = self.checks.get(area)
        return check.score if check is not None and check.verdict != Verdict.NOT_ENOUGH else None


@dataclass(frozen=True)
class Fleet:
    rows: list[ModelRow]
    more: bool
    """There are models that are not shown; a search finds them."""

    @property
    def needing(self) -> list[ModelRow]:
        return [one for one in self.rows if one.needs_somebody]

    @property
    def counted(self) -> list[tuple[Status, int]]:
        """How many of the watched models have each status, the worst first; those that none has are left out."""
        watched = [one.status for one in self.rows if one.is_watched]
        order = sorted(Status, key=lambda one: -one.severity)
        return [(status, watched.count(status)) for status in order if status in watched]

    @property
    def unjudged(self) -> int:
        """Watched models that nothing can be said of."""
        return sum(one.is_watched and one.status is Status.NOT_ENOUGH for one in self.rows)

    @property
    def alerts(self) -> int:
        return sum(one.alerts for one in self.rows)

    @property
    def state(self) -> list[tuple[object, ...]]:
        return [one.state for one in self.rows]


def fleet(
    workspace: Workspace,
    chosen: Period,
    search: str = "",
    *,
    only: RegisteredModel | None = None,
    now: dt.datetime | None = None,
) -> Fleet:
    """Nine queries, whatever the numbers of models, windows, checks and alerts."""
    found = overview(workspace, chosen, search, only=only)
    traffic = found[:SHOWN_MODELS]
    models = [one.model for one in traffic]
    ids = [one.pk for one in models]
    newest = checks.newest(models)
    courses = _courses(models, chosen)
    alerts, rates, limits = _alerts(ids), _rates(ids, now or timezone.now()), _limits(ids)
    rows = [
        ModelRow(
            one,
            newest.get(one.model.pk, {}),
            courses[one.model.pk],
            *alerts.get(one.model.pk, (0, 0)),
            rates.get(one.model.pk, 0.0),
            limits.get(one.model.pk, MonitoringSettings().cost_limit),
        )
        for one in traffic
    ]
    return Fleet(sorted(rows, key=lambda row: row.urgency), len(found) > len(traffic))


def _courses(models: list[RegisteredModel], chosen: Period) -> dict[uuid.UUID, list[float | None]]:
    step = (chosen.end - chosen.start) / COURSE_POINTS
    moments = [chosen.start + step * (place + 1) for place in range(COURSE_POINTS)]
    return checks.course(models, Area.QUALITY, moments, step)


def _alerts(ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    """(open ones, critical ones among them) of each model that has any."""
    rows = Alert.objects.filter(rule__model__in=ids).exclude(state=Alert.State.RESOLVED).order_by()
    loud = Q(severity=Severity.CRITICAL) & ~Q(state=Alert.State.SNOOZED)
    counted = rows.values("rule__model").annotate(every=Count("pk"), critical=Count("pk", filter=loud))
    return {one["rule__model"]: (one["every"], one["critical"]) for one in counted}


def _rates(ids: list[uuid.UUID], now: dt.datetime) -> dict[uuid.UUID, float]:
    """Predictions a minute over the last minutes that are over."""
    end = floor(now, MINUTE)
    with connection.cursor() as cursor:
        cursor.execute(_RATES, [RATE_MINUTES, ids, end - dt.timedelta(minutes=RATE_MINUTES), end])
        return dict(cursor.fetchall())


def _limits(ids: list[uuid.UUID]) -> dict[uuid.UUID, float]:
    return dict(MonitoringSettings.objects.filter(model__in=ids).values_list("model", "cost_limit"))

"""JSON API of judgements: the state now, degradation, the history of checks, and the report (F136–F148, F207, F209)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import RegisteredModel
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.api_cursor import read_cursor, write_cursor
from monitoring.api_predictions import OfPeriod, period_of
from monitoring.models import Check
from monitoring.selectors import checks, performance
from monitoring.selectors import report as shown
from monitoring.selectors.windows import period

router = Router(tags=["monitoring"])
STATUS = "healthy, watch, degraded, stale or not_enough"
VERDICT = "ok, watch, act or not_enough"


class AskedNow(Schema):
    model: uuid.UUID | None = Field(None, description="Id of a model; empty: all of the workspace, at most 100.")


class AskedTrend(Schema):
    period: Literal["1h", "24h", "7d", "30d"] = "7d"


class OfModel(Schema):
    model: uuid.UUID = Field(description="Id of the model.")


class AskedChecks(OfModel):
    area: Literal["", "quality", "cost", "drift", "data", "freshness"] = ""
    limit: int = Field(50, ge=1, le=500)
    cursor: str = Field("", max_length=200, description="`next_cursor` of the page before.")


class MeasuredOut(Schema):
    value: float | None
    low: float | None = Field(description="Ends of its interval of 95 %.")
    high: float | None
    n: int | None
    baseline: float | None
    share: float | None = Field(description="Performance: the share of its baseline.")
    verdict: str = Field(description=VERDICT)


class CurrentOut(Schema):
    model: uuid.UUID
    name: str
    version: str | None = Field(description="In production now.")
    status: str = Field(description=STATUS)
    performance: float | None = Field(description="Share of the baseline; null where quality is not judged.")
    headline: str | None = Field(description="The metric that performance is of.")
    baseline: float | None
    labels: int | None = Field(description="Answers that it was judged by.")
    sentence: str
    metrics: dict[str, MeasuredOut] = Field(description="Live figures of the analysed stretch, by metric.")
    cost_per_1000: float | None
    cost_limit: float
    drift_score: float | None
    data_verdict: str | None
    last_prediction: dt.datetime | None
    predictions: int = Field(description="Of the last 24 hours.")
    predictions_per_minute: float
    error_rate: float | None
    labelled_share: float | None
    open_alerts: int
    checked_at: dt.datetime | None


class CurrentAnswer(Envelope):
    data: list[CurrentOut]


class FallenOut(Schema):
    name: str
    title: str
    value: float | None
    baseline: float | None
    degradation: float | None = Field(description="1 − performance; below 0 it is better than its baseline.")
    n: int | None
    verdict: str = Field(description=VERDICT)


class DegradationOut(Schema):
    model: uuid.UUID
    checked_at: dt.datetime | None
    verdict: str = Field(description=VERDICT)
    sentence: str
    degradation: float | None
    limit: float = Field(description="Beyond it, investigate.")
    metrics: list[FallenOut]
    segments: list[FallenOut]
    investigate: list[str] = Field(description="Names of what fell beyond its limit.")
    recommendation: str


class DegradationAnswer(Envelope):
    data: DegradationOut


class CheckOut(Schema):
    id: uuid.UUID
    area: str
    verdict: str = Field(description=VERDICT)
    sentence: str
    score: float | None = Field(description="Performance, dollars, drift score, worst ratio or seconds, by area.")
    at: dt.datetime
    start: dt.datetime
    end: dt.datetime
    through: str = Field(description="schedule, page, api or command")
    version: str | None
    reference: uuid.UUID | None


class CheckPage(Envelope):
    data: list[CheckOut]
    next_cursor: str = Field(description="Empty on the last page.")


class CheckWithFindings(CheckOut):
    findings: list[dict[str, Any]]


class CheckAnswer(Envelope):
    data: CheckWithFindings


class ReportAnswer(Envelope):
    data: dict[str, Any]


class PerformancePoint(Schema):
    at: dt.datetime
    performance: float | None = Field(description="Share of the baseline as it was judged then.")
    metrics: dict[str, float] = Field(description="Live figures of this window alone.")
    labels: int
    predictions: int


class PerformanceOut(Schema):
    model: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    step_seconds: int
    points: list[PerformancePoint]


class PerformanceAnswer(Envelope):
    data: PerformanceOut


@router.get("/monitoring/current", response={200: CurrentAnswer, **ERRORS}, summary="The state of models now")
@requires_api(Action.VIEW)
def monitoring_current(request: WorkspaceRequest, asked: Query[AskedNow]) -> Any:
    """Of the newest checks. Those that need somebody come first."""
    refuse_unknown(request, AskedNow)
    model = get_visible_or_404(RegisteredModel, request, asked.model) if asked.model else None
    return {"data": shown.current(request.workspace, model)}


@router.get(
    "/monitoring/degradation", response={200: DegradationAnswer, **ERRORS}, summary="How much quality fell, and where"
)
@requires_api(Action.VIEW)
def monitoring_degradation(request: WorkspaceRequest, asked: Query[OfModel]) -> Any:
    """By metric and by segment: new, light and heavy users, popular and rare items."""
    refuse_unknown(request, OfModel)
    return {"data": shown.degradation(get_visible_or_404(RegisteredModel, request, asked.model))}


@router.get("/monitoring/report", response={200: ReportAnswer, **ERRORS}, summary="Everything known of a model")
@requires_api(Action.VIEW)
def monitoring_report(request: WorkspaceRequest, asked: Query[OfPeriod]) -> Any:
    """As the monitoring page downloads it and `manage.py monitoring_report` writes it."""
    chosen = period_of(request, OfPeriod, asked)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    return {"data": shown.report(model, chosen, timezone.now())}


@router.get("/monitoring/checks", response={200: CheckPage, **ERRORS}, summary="Past checks of a model")
@requires_api(Action.VIEW)
def monitoring_checks(request: WorkspaceRequest, asked: Query[AskedChecks]) -> Any:
    """The newest first. All of 30 days are kept, then the last of each day and area."""
    refuse_unknown(request, AskedChecks)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    areas = [asked.area] if asked.area else checks.AREAS
    after = read_cursor(asked.cursor) if asked.cursor else None
    rows = checks.history(model, areas, asked.limit + 1, after)
    page = rows[: asked.limit]
    more = write_cursor(page[-1].at, page[-1].pk) if len(rows) > len(page) else ""
    return {"data": [shown.document(one) for one in page], "next_cursor": more}


@router.get("/monitoring/checks/{check_id}", response={200: CheckAnswer, **ERRORS}, summary="A check with its findings")
@requires_api(Action.VIEW)
def monitoring_check(request: WorkspaceRequest, check_id: uuid.UUID) -> Any:
    rows = Check.objects.select_related("version").filter(model__workspace=request.workspace)
    return {"data": shown.document(get_object_or_404(rows, pk=check_id), with_findings=True)}


@router.get(
    "/mlops/models/{model_id}/performance",
    response={200: PerformanceAnswer, **ERRORS},
    summary="Performance of a model over time",
)
@requires_api(Action.VIEW)
def get_model_performance(request: WorkspaceRequest, model_id: uuid.UUID, asked: Query[AskedTrend]) -> Any:
    """What was judged at the end of each window, and the live figures of that window."""
    refuse_unknown(request, AskedTrend)
    model = get_visible_or_404(RegisteredModel, request, model_id)
    return {"data": performance.trend(model, period(asked.period))}

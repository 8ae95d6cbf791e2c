"""JSON API of health: of the installation, and of one model with its list of issues."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS
from experiments.models import RegisteredModel
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.selectors.health import system_health
from monitoring.selectors.health_document import system_document
from monitoring.selectors.model_health import model_health

router = Router(tags=["monitoring"])
STATUS = "healthy, degraded, unhealthy or unknown (not measured yet)"


class Asked(Schema):
    period: Literal["hour", "day", "week", "month"] = Field("hour", description="Of the response times and counts.")


class CheckOut(Schema):
    check: str
    name: str
    status: str = Field(description=STATUS)
    value: float | None
    unit: str
    sample: int | None
    degraded: float | None = Field(description="Threshold; null: never.")
    unhealthy: float | None = Field(description="Threshold; null: never.")
    reason: str
    recommendation: str


class AnswersOut(Schema):
    requests: int
    errors: int = Field(description="Answers of 500 and more.")
    error_rate: float | None
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class SystemHealthOut(Schema):
    status: str = Field(description=STATUS)
    checked_at: dt.datetime
    reasons: list[str]
    recommendations: list[str]
    checks: list[CheckOut]
    period: str
    since: dt.datetime
    answers: AnswersOut
    groups: dict[str, AnswersOut]
    processes: list[dict[str, Any]]
    jobs: dict[str, dict[str, int]]
    outbox: dict[str, int]
    stale_minutes: int
    loading_problems: list[dict[str, str]]
    losses: list[dict[str, Any]]


class IssueOut(Schema):
    code: str
    status: str = Field(description=STATUS)
    message: str
    recommendation: str


class LiveOut(Schema):
    version: str
    role: str
    share: float
    since: dt.datetime


class ModelHealthOut(Schema):
    model: uuid.UUID
    name: str
    status: str = Field(description=STATUS)
    issues: list[IssueOut]
    live: list[LiveOut]
    predictions_last_hour: int
    errors_last_hour: int
    last_prediction_minute: dt.datetime | None


@router.get("/mlops/system-health", response={200: SystemHealthOut, **ERRORS}, summary="Health of the installation")
@requires_api(Action.VIEW)
def get_system_health(request: WorkspaceRequest, asked: Query[Asked]) -> dict[str, Any]:
    return system_document(system_health(asked.period), request.workspace)


@router.get("/mlops/models/{model_id}/health", response={200: ModelHealthOut, **ERRORS}, summary="Health of a model")
@requires_api(Action.VIEW)
def get_model_health(request: HttpRequest, model_id: uuid.UUID) -> dict[str, Any]:
    model = get_visible_or_404(RegisteredModel, request, model_id)
    found = model_health(model)
    return {
        "model": model.pk,
        "name": model.name,
        "status": found.status.value,
        "issues": [
            {"code": i.code, "status": i.state.value, "message": i.message, "recommendation": i.recommendation}
            for i in found.issues
        ],
        "live": [
            {"version": one.version.number, "role": one.role, "share": one.share, "since": one.started_at}
            for one in found.live
        ],
        "predictions_last_hour": found.traffic.predictions,
        "errors_last_hour": found.traffic.errors,
        "last_prediction_minute": found.traffic.last_minute,
    }

"""JSON API of snapshots of a model: those captured here, and those that others send (F138, F140, F220)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import Experiment, RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.models import Snapshot
from monitoring.selectors.snapshots import listed
from monitoring.services import snapshots

router = Router(tags=["monitoring"])
ROOT = "/ml-development/models/{model_id}/monitoring"


class SnapshotOut(Schema):
    id: int
    captured_at: dt.datetime
    type: str = Field(description="inference or training")
    experiment_id: uuid.UUID | None
    version: str
    through: str = Field(description="schedule, api or command")
    performance: dict[str, Any]
    drift: dict[str, Any]
    freshness: dict[str, Any]
    alerts: list[Any]


class SnapshotList(Envelope):
    data: list[SnapshotOut]
    next_before: int | None = Field(description="Give it as `before` for the next page; null on the last.")


class SnapshotAnswer(Envelope):
    data: SnapshotOut


class Asked(Schema):
    limit: int = Field(50, ge=1, le=500)
    before: int | None = Field(None, ge=1, le=2**62, description="`next_before` of the page before.")


class SnapshotIn(Schema):
    """The state of a model that is served elsewhere."""

    model_config = ConfigDict(extra="forbid")

    metrics: dict[str, float | int | str | bool | None] = Field({}, description="Figures by name; at least one.")
    type: Literal["inference", "training"] = "inference"
    captured_at: dt.datetime | None = Field(None, description="With a zone; now where it is missing.")
    experiment_id: uuid.UUID | None = Field(None, description="The run that the model came from.")
    drift: dict[str, Any] = {}
    freshness: dict[str, Any] = {}
    alerts: list[Any] = Field([], max_length=1000)


@router.get(ROOT, response={200: SnapshotList, **ERRORS}, summary="Snapshots of a model")
@requires_api(Action.VIEW)
def model_monitoring(request: WorkspaceRequest, model_id: uuid.UUID, asked: Query[Asked]) -> Any:
    """The newest first. Ours are captured every hour, of the last 24 hours."""
    refuse_unknown(request, Asked)
    rows = listed(request.workspace, get_visible_or_404(RegisteredModel, request, model_id)).order_by("-pk")
    if asked.before is not None:
        rows = rows.filter(pk__lt=asked.before)
    found = list(rows[: asked.limit + 1])
    shown = found[: asked.limit]
    return {"data": [_document(one) for one in shown], "next_before": shown[-1].pk if len(found) > len(shown) else None}


@router.post(ROOT, response={201: SnapshotAnswer, **ERRORS}, summary="Send a snapshot")
@requires_api(Action.LOG_PREDICTIONS)
def model_monitoring_send(request: WorkspaceRequest, model_id: uuid.UUID, sent: SnapshotIn) -> Status[Any]:
    """Of a model that is served elsewhere. What it answered goes to `POST /predictions` instead."""
    model = get_visible_or_404(RegisteredModel, request, model_id)
    if not sent.metrics:
        raise Refused([Problem("metrics", 'is empty; accepted: at least one figure, such as {"f1": 0.8}')])
    if sent.captured_at is not None and sent.captured_at.tzinfo is None:
        raise Refused([Problem("captured_at", "has no zone; accepted: a time such as 2026-11-21T08:00:00Z")])
    made = snapshots.record(
        model,
        through="api",
        performance=sent.metrics,
        drift=sent.drift,
        freshness=sent.freshness,
        alerts=sent.alerts,
        kind=sent.type,
        captured_at=sent.captured_at,
        experiment=_experiment(request, sent.experiment_id),
    )
    return Status(201, {"data": _document(made)})


def _experiment(request: WorkspaceRequest, pk: uuid.UUID | None) -> Experiment | None:
    if pk is None:
        return None
    found = Experiment.objects.filter(workspace=request.workspace, pk=pk, deleted_at__isnull=True).first()
    if found is None:
        raise Refused([Problem("experiment_id", f"{pk} is no run of this workspace")])
    return found


def _document(one: Snapshot) -> dict[str, Any]:
    same = ("id", "captured_at", "experiment_id", "through", "performance", "drift", "freshness", "alerts")
    version = one.source.number if one.source is not None else ""
    return {name: getattr(one, name) for name in same} | {"type": one.kind, "version": version}

"""JSON API of the metrics that people define."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Field, Query, Router, Schema, Status
from pydantic import Field as PydanticField

from experiments.api import ERRORS, Envelope
from experiments.models import CustomMetric
from experiments.selectors import custom_metrics as rows
from experiments.services import custom_metrics
from experiments.services.custom_metrics import MetricChanges, MetricSpec
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["custom metrics"])


class Reason(Schema):
    reason: str
    runs: int


class CustomMetricOut(Schema):
    """A metric and how far it is. Its values are metrics of protocol `custom`, `metrics.custom.NAME` in queries."""

    id: uuid.UUID
    name: str
    label: str
    description: str
    expression: str
    higher_is_better: bool
    version: int = Field(description="Rises when the expression changes; values of older versions are removed.")
    archived: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    runs: int = Field(description="Completed runs of the workspace.")
    runs_with_value: int
    runs_pending: int
    without_value: list[Reason]


class CustomMetricAnswer(Envelope):
    data: CustomMetricOut


class CustomMetricList(Envelope):
    data: list[CustomMetricOut]
    count: int


class Which(Schema):
    archived: bool = Field(False, description="Archived metrics instead of the others.")


class MetricPatch(MetricChanges):
    """What is left out stays as it is."""

    archived: bool | None = PydanticField(None, description="true archives the metric, false brings it back.")


@router.get("/custom-metrics", response={200: CustomMetricList, **ERRORS}, summary="List custom metrics")
@requires_api(Action.VIEW)
def custom_metric_list(request: WorkspaceRequest, which: Query[Which]) -> Any:
    found = [_out(state) for state in rows.listed(request.workspace, archived=which.archived)]
    return {"data": found, "count": len(found)}


@router.post("/custom-metrics", response={201: CustomMetricAnswer, **ERRORS}, summary="Define a custom metric")
@requires_api(Action.EDIT_EXPERIMENT)
def custom_metric_create(request: WorkspaceRequest, spec: MetricSpec) -> Status[Any]:
    """It is computed for all completed runs at once and for every run that ends later. An expression that cannot be
    read is answered with 422 and the character at which it is wrong."""
    metric = custom_metrics.create(workspace=request.workspace, actor=request.user, spec=spec)
    return Status(201, {"data": _out(rows.state_of(metric))})


@router.patch("/custom-metrics/{metric_id}", response={200: CustomMetricAnswer, **ERRORS}, summary="Change one")
@requires_api(Action.EDIT_EXPERIMENT)
def custom_metric_change(request: WorkspaceRequest, metric_id: uuid.UUID, changes: MetricPatch) -> Any:
    """A new expression is a new version, computed again for all runs. `archived` is applied last, `false` first."""
    metric = get_visible_or_404(CustomMetric, request, metric_id)
    if changes.archived is False:
        metric = custom_metrics.restore(metric, request.user)
    given = changes.model_dump(exclude_unset=True, exclude={"archived"})
    if given:
        metric = custom_metrics.edit(metric, request.user, MetricChanges.model_validate(given))
    if changes.archived:
        metric = custom_metrics.archive(metric, request.user)
    return {"data": _out(rows.state_of(metric))}


def _out(state: rows.MetricState) -> dict[str, Any]:
    metric = state.metric
    fields = ("id", "name", "label", "description", "expression", "higher_is_better", "version")
    return {name: getattr(metric, name) for name in (*fields, "created_at", "updated_at")} | {
        "archived": metric.archived_at is not None,
        "runs": state.runs,
        "runs_with_value": state.valued,
        "runs_pending": state.pending,
        "without_value": [{"reason": reason, "runs": count} for reason, count in state.reasons],
    }

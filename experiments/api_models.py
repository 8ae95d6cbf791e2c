"""JSON API of models' runs, in the form people know from MLflow: ours and those logged straight to MLflow alike."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db.models import Prefetch, Q
from django.http import Http404
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.api_history import Paging, found_page, refuse_unknown
from experiments.models import Experiment, JobStatus, MetricValue, TrackerRun
from experiments.selectors import dashboard
from experiments.selectors.history import HistoryQuery
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.formats import as_float
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["models"])


class Asked(Paging):
    model_type: str = Field(
        "",
        max_length=60,
        description="Only runs of this type: hybrid, retrieval, ranking, embedding, baseline or tabular.",
    )


class ModelRun(Schema):
    """A run in MLflow's terms. Times are milliseconds since 1970 (UTC)."""

    run_id: uuid.UUID
    mlflow_run_id: str = Field(description="Its id in MLflow; empty while it is not there.")
    name: str
    model_type: str
    architecture: str
    status: str = Field(description="queued, running, completed, failed or cancelled")
    origin: str = Field(description="here, or mlflow for a run that somebody logged straight to MLflow")
    start_time: int | None
    end_time: int | None
    metrics: dict[str, float | None] = Field(
        description="By protocol and name, such as `rated.f1_at_10`; `logged.` for figures logged elsewhere. "
        "Lists have the headline figures, one run has all of them."
    )


class ModelRunDetail(ModelRun):
    dataset: uuid.UUID | None = Field(description="null for runs that were logged elsewhere")
    params: dict[str, Any]
    tags: dict[str, str] = Field(description="`team=search` as {team: search}; a tag without a value has an empty one.")
    notes: str
    error: str


class ModelRunList(Envelope):
    data: list[ModelRun]
    count: int = Field(description="Runs that match; a lower bound where `count_is_exact` is false.")
    count_is_exact: bool
    next_cursor: str = Field(description="Empty on the last page.")


class ModelRunAnswer(Envelope):
    data: ModelRunDetail


class Summary(Schema):
    total_runs: int = Field(
        description=f"All runs; with more than {dashboard.WINDOW:,}, counts are up to "
        f"{dashboard.COUNTS_KEPT_SECONDS} seconds old."
    )
    by_type: dict[str, int]
    by_status: dict[str, int]
    latest_models: list[ModelRun] = Field(description="The newest completed run of each model type.")


class SummaryAnswer(Envelope):
    data: Summary


@router.get("/models/runs", response={200: ModelRunList, **ERRORS}, summary="List models' runs")
@requires_api(Action.VIEW)
def model_runs(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """The newest first, whoever ran them: `origin` says where. For filters and queries see `GET /experiments`."""
    refuse_unknown(request, Asked)
    types = (asked.model_type,) if asked.model_type else ()
    found = found_page(request.workspace, HistoryQuery(model_type=types, after=asked.cursor), asked.limit)
    return {
        "data": [_document(run) for run in found.runs],
        "count": found.count,
        "count_is_exact": found.count_is_exact,
        "next_cursor": found.next_cursor,
    }


@router.get("/models/summary", response={200: SummaryAnswer, **ERRORS}, summary="How many runs of which models")
@requires_api(Action.VIEW)
def models_summary(request: WorkspaceRequest) -> Any:
    """Counts by model type and status, and the newest model of each type: bounded work however long the history is."""
    totals = dashboard.totals(request.workspace, dashboard.recent(request.workspace))
    return {
        "data": {
            "total_runs": totals.count,
            "by_type": dict(totals.by_type),
            "by_status": {name.lower(): count for name, count in totals.by_status},
            "latest_models": [_document(run) for run in dashboard.latest_models(request.workspace)],
        }
    }


@router.get("/models/runs/{run_id}", response={200: ModelRunAnswer, **ERRORS}, summary="One model's run")
@requires_api(Action.VIEW)
def model_run(request: WorkspaceRequest, run_id: str) -> Any:
    """`run_id` is our id or the run's id in MLflow."""
    run = _find(request, run_id)
    values = MetricValue.objects.filter(experiment=run, segment="all").order_by("protocol", "name")
    return {
        "data": {
            **_document(run),
            "metrics": {
                f"{protocol}.{name}": as_float(value)
                for protocol, name, value in values.values_list("protocol", "name", "value")
            },
            "dataset": run.dataset_id,
            "params": run.parameters,
            "tags": _tags(run),
            "notes": run.notes,
            "error": run.failure_reason,
        }
    }


def _find(request: WorkspaceRequest, run_id: str) -> Experiment:
    """By our id first: an id of MLflow has the form of one of ours. What is not here or not yours does not exist."""
    mirrors = Prefetch("tracker_runs", TrackerRun.objects.filter(tracker="mlflow"))
    rows = Experiment.objects.filter(workspace=request.workspace, deleted_at__isnull=True)
    rows = rows.select_related("logged").prefetch_related(mirrors)
    try:
        own = rows.filter(pk=uuid.UUID(run_id)).first()
    except ValueError:
        own = None
    if own is not None:
        return own
    text = run_id[:100].replace("\0", "")
    there = Q(logged__external_id=text) | Q(tracker_runs__tracker="mlflow", tracker_runs__external_id=text)
    found = rows.filter(there).distinct().first() if text else None
    if found is None:
        raise Http404
    return found


def _document(run: Experiment) -> dict[str, Any]:
    return {
        "run_id": run.pk,
        "mlflow_run_id": _mlflow_id(run),
        "name": run.name,
        "model_type": run.model_type,
        "architecture": run.architecture,
        "status": JobStatus(run.status).value,
        "origin": run.origin,
        "start_time": _milliseconds(run.started_at),
        "end_time": _milliseconds(run.finished_at),
        "metrics": {
            f"{protocol}.{name}": as_float(value)
            for protocol, figures in run.metrics.items()
            for name, value in figures.items()
        },
    }


def _mlflow_id(run: Experiment) -> str:
    logged = getattr(run, "logged", None)
    if logged is not None:
        return str(logged.external_id)
    return next((mirror.external_id for mirror in run.tracker_runs.all() if mirror.tracker == "mlflow"), "")


def _milliseconds(moment: dt.datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment is not None else None


def _tags(run: Experiment) -> dict[str, str]:
    """Those of MLflow, and over them those of ours, which people may have changed here."""
    logged = getattr(run, "logged", None)
    theirs = {str(name): str(value) for name, value in (logged.tags if logged is not None else {}).items()}
    pairs = (tag.partition("=") for tag in run.tags)
    return theirs | {name: value for name, _, value in pairs}

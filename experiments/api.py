"""JSON API of datasets and runs. Operations call the same services as the pages do."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema, Status

from experiments.models import Dataset, Experiment, LoggedRun
from experiments.recipes.data_checks import DataCheck
from experiments.recipes.thresholds import ThresholdResult
from experiments.selectors.thresholds import thresholds_of
from experiments.services import launch
from experiments.services.checks import checks_of
from experiments.services.launch_rights import require_rights
from experiments.services.spec import LaunchSpec
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router()


class Error(Schema):
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = []


ERRORS = dict.fromkeys((400, 401, 403, 404, 422, 429, 503), Error)


class Envelope(Schema):
    success: bool = True


class DatasetOut(Schema):
    id: uuid.UUID
    name: str
    family: str
    feedback: str = Field(description="explicit or implicit; empty for tables")
    num_users: int = Field(description="0 for tables")
    num_items: int = Field(description="0 for tables")
    num_interactions: int = Field(description="Of a table: its rows")
    roles: dict[str, Any] = Field(description="Of a table: which column is what")
    columns: list[dict[str, Any]] = Field(
        description="Of a table: name, type, role, missing, distinct, minimum and maximum of each column"
    )
    scale: tuple[float, float] | None
    has_timestamps: bool
    has_given_split: bool
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    sha256: str
    num_refused: int
    created_at: dt.datetime


class MirrorOut(Schema):
    tracker: str
    state: str
    external_id: str
    url: str
    synced_at: dt.datetime | None


class ExperimentOut(Schema):
    """A run as the API tells it. ``metrics`` holds the headline figures of each protocol."""

    id: uuid.UUID
    name: str
    status: str = Field(description="queued, running, completed, failed or cancelled")
    run_type: str
    origin: str = Field(description="here, or mlflow for a run that somebody logged straight to MLflow")
    family: str
    dataset: uuid.UUID | None = Field(alias="dataset_id", description="null for runs that were logged elsewhere")
    recipe_version: uuid.UUID | None = Field(alias="recipe_version_id")
    evaluates: uuid.UUID | None = Field(alias="evaluates_id", description="of an evaluation: the run it judges")
    register_as: uuid.UUID | None = Field(alias="register_as_id")
    auto_promote: bool
    processes: int = Field(description="of one machine, among which the training is spread")
    architecture: str
    model_type: str
    parameters: dict[str, Any]
    split: dict[str, Any]
    preparation: dict[str, Any] = Field(description="what else decides the numbers, where it is not as ever")
    seed: int | None = Field(description="null for runs that were logged elsewhere; see their parameters")
    tags: list[str]
    notes: str
    metrics: dict[str, Any]
    timestamp: dt.datetime = Field(alias="created_at")
    started_at: dt.datetime | None
    completed_at: dt.datetime | None = Field(alias="finished_at")
    phase: str
    progress: float | None = Field(None, alias="progress_share")
    attempt: int
    failure_kind: str
    error: str = Field(alias="failure_reason")
    config_hash: str
    mlflow_run_id: str = ""
    wandb_run_id: str = ""

    @staticmethod
    def resolve_seed(experiment: Experiment) -> int | None:
        return None if experiment.is_logged else experiment.seed

    @staticmethod
    def resolve_mlflow_run_id(experiment: Experiment) -> str:
        return _logged_id(experiment) if experiment.is_logged else _external_id(experiment, "mlflow")

    @staticmethod
    def resolve_wandb_run_id(experiment: Experiment) -> str:
        return _external_id(experiment, "wandb")


class MetricOut(Schema):
    """One metric with its protocol and reference lines (docs/definitions.md)."""

    name: str
    protocol: str
    segment: str
    k: int | None
    value: float | None
    higher_is_better: bool
    random: float | None
    popularity: float | None
    oracle: float | None
    everything: float | None
    naive: float | None = Field(description="of tables: what the simplest honest method reaches on the same rows")
    users_counted: int
    users_left_out: int
    definition: str


class EpochOut(Schema):
    epoch: int
    values: dict[str, Any]
    recorded_at: dt.datetime


class DataCheckOut(Schema):
    """One check of the data that the run's recipe asks for; ``passed`` is null where the data does not say."""

    key: str
    label: str
    passed: bool | None
    text: str


class ThresholdOut(Schema):
    """One threshold of the run's recipe; ``passed`` is null where the run has no such figure."""

    key: str
    value: float | None
    minimum: float | None
    maximum: float | None
    blocks: bool
    passed: bool | None


class ExperimentDetail(ExperimentOut):
    total_parameters: int | None
    best_epoch: int | None
    environment: dict[str, Any]
    dataset_statistics: dict[str, Any]
    timings: dict[str, Any]
    metric_values: list[MetricOut]
    epochs: list[EpochOut]
    tracker_runs: list[MirrorOut]
    data_checks: list[DataCheckOut]
    thresholds: list[ThresholdOut]

    @staticmethod
    def resolve_data_checks(experiment: Experiment) -> list[DataCheck]:
        return checks_of(experiment)

    @staticmethod
    def resolve_thresholds(experiment: Experiment) -> list[ThresholdResult]:
        return thresholds_of(experiment)


class ExperimentAnswer(Envelope):
    data: ExperimentDetail


class LaunchAnswer(Envelope):
    data: ExperimentOut


class DatasetList(Envelope):
    data: list[DatasetOut]
    count: int


def _logged_id(experiment: Experiment) -> str:
    logged: LoggedRun | None = getattr(experiment, "logged", None)
    return logged.external_id if logged else ""


def _external_id(experiment: Experiment, tracker: str) -> str:
    return next((mirror.external_id for mirror in experiment.tracker_runs.all() if mirror.tracker == tracker), "")


@router.post("/train", response={202: LaunchAnswer, **ERRORS}, tags=["training"], summary="Launch a run")
@requires_api(Action.LAUNCH_TRAINING)
def train(request: WorkspaceRequest, spec: LaunchSpec) -> Status[Any]:
    """Queues a training, an evaluation or a backtest and answers at once; send `Idempotency-Key` to make repeating the
    call safe. `register_as` needs the right to register models, `auto_promote` that to promote them."""
    require_rights(request, spec)
    key = request.headers.get("Idempotency-Key", "")[:100]
    experiment = launch.launch(
        workspace=request.workspace,
        actor=request.user,
        spec=spec,
        through="api",
        idempotency_key=key,
    )
    return Status(202, {"data": experiment})


@router.get(
    "/experiments/{experiment_id}", response={200: ExperimentAnswer, **ERRORS}, tags=["experiments"], summary="One run"
)
@requires_api(Action.VIEW)
def experiment(request: WorkspaceRequest, experiment_id: uuid.UUID) -> Any:
    return {"data": _find(request, Experiment, experiment_id)}


@router.post(
    "/experiments/{experiment_id}/stop",
    response={202: LaunchAnswer, 409: Error, **ERRORS},
    tags=["training"],
    summary="Stop a run",
)
@requires_api(Action.STOP_TRAINING)
def stop(request: WorkspaceRequest, experiment_id: uuid.UUID) -> Status[Any]:
    return Status(202, {"data": launch.stop(_find(request, Experiment, experiment_id), request.user)})


@router.get("/datasets", response={200: DatasetList, **ERRORS}, tags=["datasets"], summary="List datasets")
@requires_api(Action.VIEW)
def datasets(request: WorkspaceRequest) -> Any:
    rows = list(Dataset.objects.filter(workspace=request.workspace, deleted_at__isnull=True)[:1000])
    return {"data": rows, "count": len(rows)}


@router.get("/datasets/{dataset_id}", response={200: DatasetOut, **ERRORS}, tags=["datasets"], summary="One dataset")
@requires_api(Action.VIEW)
def dataset(request: WorkspaceRequest, dataset_id: uuid.UUID) -> Any:
    return _find(request, Dataset, dataset_id)


def _find(request: WorkspaceRequest, model: type[Any], pk: uuid.UUID) -> Any:
    found = model.objects.filter(workspace=request.workspace, pk=pk, deleted_at__isnull=True).first()
    if found is None:
        raise Http404
    return found

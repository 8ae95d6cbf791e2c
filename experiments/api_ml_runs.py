"""JSON API of runs in the registry's words (F219): launched, followed and described; ``succeeded`` is our completed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope, Error
from experiments.api_history import Paging, found_page, refuse_unknown
from experiments.models import Experiment, JobStatus, ModelVersion
from experiments.selectors.history import HistoryQuery
from experiments.services import editing, launch
from experiments.services.labels import distinct_tags
from experiments.services.spec import LaunchSpec, Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["runs"])
ROOT = "/ml-development/runs"
OUTER = {JobStatus.COMPLETED: "succeeded"}
STATUSES = "queued, running, succeeded, failed or cancelled"


class Asked(Paging):
    q: str = Field("", max_length=10_000, description="Query, as `GET /experiments` takes it.")
    status: list[str] = Field([], description=STATUSES)
    run_type: list[str] = Field([], description="train, eval or backtest")
    architecture: list[str] = []
    dataset: list[str] = Field([], description="Id or name of a dataset")
    tag: list[str] = []


class RunOut(Schema):
    id: uuid.UUID
    name: str
    status: str = Field(description=STATUSES)
    run_type: str
    family: str
    dataset: uuid.UUID | None
    architecture: str
    parameters: dict[str, Any]
    split: dict[str, Any]
    seed: int
    recipe_version: uuid.UUID | None
    evaluates: uuid.UUID | None = Field(description="Of an evaluation: the run whose model is judged.")
    register_as: uuid.UUID | None = Field(description="Model of which it becomes a version.")
    auto_promote: bool
    tags: list[str]
    notes: str
    metrics: dict[str, Any]
    config_hash: str
    error: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class MadeVersion(Schema):
    id: uuid.UUID
    model: uuid.UUID
    name: str
    number: str


class RunDetail(RunOut):
    model_versions: list[MadeVersion] = Field(description="Versions of models made from it.")
    manifest: dict[str, Any] = Field(description="The effective manifest at the launch; empty without a recipe.")


class RunList(Envelope):
    data: list[RunOut]
    count: int = Field(description="Runs that match; a lower bound where `count_is_exact` is false.")
    count_is_exact: bool
    next_cursor: str = Field(description="Empty on the last page.")


class RunAnswer(Envelope):
    data: RunDetail


class RunChanges(Schema):
    """What is left out stays as it is; a run's figures never change."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=1000)
    notes: str | None = None
    tags: list[str] | None = Field(None, max_length=100)


@router.get(ROOT, response={200: RunList, **ERRORS}, summary="List runs")
@requires_api(Action.VIEW)
def ml_runs(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """The newest first. For every filter and order see `GET /experiments`."""
    refuse_unknown(request, Asked)
    query = HistoryQuery(
        text=asked.q.strip(),
        status=tuple(_status(word) for word in asked.status),
        run_type=tuple(asked.run_type),
        architecture=tuple(asked.architecture),
        dataset=tuple(asked.dataset),
        tag=tuple(asked.tag),
        after=asked.cursor,
    )
    found = found_page(request.workspace, query, asked.limit)
    return {
        "data": [_document(run) for run in found.runs],
        "count": found.count,
        "count_is_exact": found.count_is_exact,
        "next_cursor": found.next_cursor,
    }


@router.post(ROOT, response={202: RunAnswer, **ERRORS}, summary="Launch a run")
@requires_api(Action.LAUNCH_TRAINING)
def ml_run_launch(request: WorkspaceRequest, spec: LaunchSpec) -> Status[Any]:
    """As `POST /train`: queues it and answers at once. Send `Idempotency-Key` to make repeating the call safe."""
    key = request.headers.get("Idempotency-Key", "")[:100]
    run = launch.launch(workspace=request.workspace, actor=request.user, spec=spec, through="api", idempotency_key=key)
    return Status(202, {"data": _detail(run)})


@router.get(ROOT + "/{run_id}", response={200: RunAnswer, **ERRORS}, summary="One run")
@requires_api(Action.VIEW)
def ml_run(request: WorkspaceRequest, run_id: uuid.UUID) -> Any:
    return {"data": _detail(_find(request, run_id))}


@router.put(ROOT + "/{run_id}", response={200: RunAnswer, 409: Error, **ERRORS}, summary="Describe a run")
@requires_api(Action.EDIT_EXPERIMENT)
def ml_run_change(request: WorkspaceRequest, run_id: uuid.UUID, changes: RunChanges) -> Any:
    """Its name, note and tags."""
    run = _find(request, run_id)
    for field, given, change in (("name", changes.name, editing.rename), ("notes", changes.notes, editing.write_note)):
        if given is not None:
            try:
                change(run, given, request.user)
            except ValueError as error:
                raise Refused([Problem(field, str(error))]) from error
    if changes.tags is not None:
        _tag(request, run, changes.tags)
    return {"data": _detail(_find(request, run_id))}


def _tag(request: WorkspaceRequest, run: Experiment, tags: list[str]) -> None:
    try:
        wanted = distinct_tags(tags)
    except ValueError as error:
        raise Refused([Problem("tags", str(error))]) from error
    editing.remove_tags(request.workspace, [run], [tag for tag in run.tags if tag not in wanted], request.user)
    tagged = editing.add_tags(request.workspace, [run], wanted, request.user)
    if tagged.full:
        raise Refused([Problem("tags", f"{len(wanted)} tags are too many; up to 20 are accepted")])


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> Experiment:
    return get_visible_or_404(Experiment, request, pk, deleted_at__isnull=True)


def _status(word: str) -> str:
    inner = {outer: status.value for status, outer in OUTER.items()}
    return inner.get(word, word)


def _document(run: Experiment) -> dict[str, Any]:
    plain = (
        "id", "name", "run_type", "family", "architecture", "parameters", "split", "seed", "auto_promote", "tags",
        "notes", "metrics", "config_hash", "created_at", "started_at", "finished_at",
    )  # fmt: skip
    return {name: getattr(run, name) for name in plain} | {
        "status": OUTER.get(JobStatus(run.status), run.status),
        "dataset": run.dataset_id,
        "recipe_version": run.recipe_version_id,
        "evaluates": run.evaluates_id,
        "register_as": run.register_as_id,
        "error": run.failure_reason,
    }


def _detail(run: Experiment) -> dict[str, Any]:
    made = ModelVersion.objects.filter(experiment=run).select_related("model").order_by("created_at")
    return _document(run) | {
        "manifest": run.manifest,
        "model_versions": [
            {"id": one.pk, "model": one.model_id, "name": one.model.name, "number": one.number} for one in made
        ],
    }

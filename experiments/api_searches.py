"""JSON API of searches over hyperparameters."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from experiments.api import ERRORS, Envelope, Error
from experiments.models import Search
from experiments.selectors.searches import SearchState, searches_of, state_of
from experiments.services import searches
from experiments.services.search_request import SearchRequest
from experiments.services.search_trials import TrialRow
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router()
LISTED = 1000


class SearchOut(Schema):
    """A search: what is tried on what, and how it is doing."""

    id: uuid.UUID
    name: str
    status: str = Field(description="running, completed, failed or cancelled")
    reason: str = Field(description="Why it ended before its last trial; of a running one, why it is stopping")
    dataset: uuid.UUID = Field(alias="dataset_id")
    architecture: str
    parameters: dict[str, Any] = Field(description="What every trial has in common, and what the search starts from")
    space: dict[str, Any]
    split: dict[str, Any]
    seed: int
    metric: str = Field(description="protocol.name, measured on the validation part")
    maximise: bool
    sampler: str
    pruner: str
    trials: int
    parallel: int
    created_at: dt.datetime
    ended_at: dt.datetime | None


class TrialOut(Schema):
    """One trial; ``value`` is what it reached on the validation part."""

    trial: int
    experiment: uuid.UUID
    outcome: str = Field(description="waiting, running, completed, pruned or failed")
    value: float | None
    parameters: dict[str, Any]
    pruned_at_epoch: int | None
    error: str


class SearchDetail(SearchOut):
    counts: dict[str, int] = Field(description="Trials by outcome")
    best: TrialOut | None
    importance: dict[str, float | None] = Field(
        description="Share of the variation that each parameter explains by itself; empty below ten completed trials"
    )
    runs: list[TrialOut]


class SearchAnswer(Envelope):
    data: SearchDetail


class SearchStarted(Envelope):
    data: SearchOut


class SearchList(Envelope):
    data: list[SearchOut]
    count: int


@router.post("/searches", response={202: SearchStarted, **ERRORS}, tags=["searches"], summary="Begin a search")
@requires_api(Action.LAUNCH_TRAINING)
def begin_search(request: WorkspaceRequest, search: SearchRequest) -> Status[Any]:
    """Begins a search over hyperparameters and answers at once; its trials are ordinary runs."""
    found = searches.create_search(workspace=request.workspace, actor=request.user, request=search, through="api")
    return Status(202, {"data": found})


@router.get("/searches", response={200: SearchList, **ERRORS}, tags=["searches"], summary="List searches")
@requires_api(Action.VIEW)
def list_searches(request: WorkspaceRequest) -> Any:
    rows = list(searches_of(request.workspace)[:LISTED])
    return {"data": rows, "count": len(rows)}


@router.get("/searches/{search_id}", response={200: SearchAnswer, **ERRORS}, tags=["searches"], summary="One search")
@requires_api(Action.VIEW)
def one_search(request: WorkspaceRequest, search_id: uuid.UUID) -> Any:
    return {"data": _detail(state_of(_find(request, search_id)))}


@router.post(
    "/searches/{search_id}/stop",
    response={202: SearchStarted, 409: Error, **ERRORS},
    tags=["searches"],
    summary="Stop a search",
)
@requires_api(Action.STOP_TRAINING)
def stop_search(request: WorkspaceRequest, search_id: uuid.UUID) -> Status[Any]:
    """Stops its trials and launches no more; what they have measured is kept."""
    return Status(202, {"data": searches.stop(_find(request, search_id), request.user)})


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> Search:
    return get_object_or_404(Search, workspace=request.workspace, pk=pk)


def _detail(state: SearchState) -> dict[str, Any]:
    names = [one.name for one in state.parameters]
    return {
        **SearchOut.from_orm(state.search).model_dump(by_alias=True),
        "counts": state.counts,
        "best": _trial(state.best, names) if state.best else None,
        "importance": {one.name: share for one, share in state.importance},
        "runs": [_trial(row, names) for row in state.rows],
    }


def _trial(row: TrialRow, names: list[str]) -> dict[str, Any]:
    return {
        "trial": row.number,
        "experiment": row.run.pk,
        "outcome": row.outcome.value,
        "value": row.value,
        "parameters": {name: row.run.parameters.get(name) for name in names},
        "pruned_at_epoch": row.run.pruned_at_epoch,
        "error": row.run.failure_reason,
    }

"""JSON API of the history: the same search, order and paging as its page."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope, ExperimentOut
from experiments.selectors import columns, history
from experiments.selectors.columns import UnknownColumn
from experiments.selectors.history import HistoryPage, HistoryQuery
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["experiments"])
MOST = 100


class Paging(Schema):
    """``cursor`` is the ``next_cursor`` of the page before; it belongs to one search and one order."""

    limit: int = Field(50, ge=1, le=MOST, description="Runs a page.")
    cursor: str = Field("", max_length=8000, description="`next_cursor` of the page before; empty for the first page.")


class Search(Paging):
    """What is asked of the history. A filter may be given several times: any of its values."""

    q: str = Field(
        "",
        max_length=10_000,
        description='Query, such as `metrics.f1_score > 0.5 and (params.learning_rate = 0.001 or name ~ "hybrid")`. '
        "Plain words look in the names.",
    )
    status: list[str] = Field([], description="queued, running, completed, failed or cancelled")
    architecture: list[str] = Field([], description="Key of an architecture, such as hybrid")
    dataset: list[str] = Field([], description="Id or name of a dataset")
    model_type: list[str] = Field([], description="hybrid, retrieval, ranking, embedding, baseline or tabular")
    tag: list[str] = Field([], description="A tag, such as baseline or team=search")
    origin: list[str] = Field([], description="here, or mlflow for runs that somebody logged straight to MLflow")
    run_type: list[str] = Field([], description="train, eval or backtest")
    by: list[str] = Field([], description="Id, e-mail address or name of who made it")
    sort: str = Field(
        "-created_at",
        max_length=300,
        description="Key of a column; a minus in front means descending. Examples: `-metrics.rated.f1_at_10`, "
        "`params.learning_rate`, `duration`. Runs without the value come last.",
    )
    deleted: bool = Field(False, description="Deleted runs instead of the others.")


class Page(Envelope):
    """One page of runs. Read on with ``next_cursor`` until it is empty; runs that are added meanwhile move nothing."""

    data: list[ExperimentOut]
    count: int = Field(description="Runs that match; a lower bound where `count_is_exact` is false.")
    count_is_exact: bool
    next_cursor: str = Field(description="Empty on the last page.")
    notes: list[str] = Field(description="How the query was read, such as which protocol a metric was taken from.")


@router.get("/experiments", response={200: Page, **ERRORS}, summary="Find and list runs")
@requires_api(Action.VIEW)
def experiments(request: WorkspaceRequest, search: Query[Search]) -> Any:
    """The newest first unless `sort` says otherwise. A query that cannot be read is answered with 422, whose `errors`
    give `position`, `length` and `suggestion`. Parameters that are not known are refused rather than ignored.
    """
    refuse_unknown(request, Search)
    query = HistoryQuery(
        text=search.q.strip(),
        status=tuple(search.status),
        architecture=tuple(search.architecture),
        dataset=tuple(search.dataset),
        model_type=tuple(search.model_type),
        tag=tuple(search.tag),
        origin=tuple(search.origin),
        run_type=tuple(search.run_type),
        created_by=tuple(search.by),
        sort=search.sort.removeprefix("-"),
        descending=search.sort.startswith("-"),
        after=search.cursor,
        deleted=search.deleted,
    )
    return page_document(found_page(request.workspace, query, search.limit))


def found_page(workspace: Workspace, query: HistoryQuery, limit: int) -> HistoryPage:
    """A page with what documents of runs need. Raises QueryError, and Refused for the order and the cursor."""
    try:
        columns.find(workspace, query.sort)
    except UnknownColumn as error:
        raise Refused([Problem("sort", error.message)]) from error
    found = history.page(workspace, query, limit)
    if found.error is not None:
        raise found.error
    if query.after and found.first_number == 1:
        raise Refused([Problem("cursor", "is no place in this list; accepted: next_cursor of the same search")])
    prefetch_related_objects(found.runs, "tracker_runs", "logged")
    return found


def page_document(found: HistoryPage) -> dict[str, Any]:
    return {
        "data": found.runs,
        "count": found.count,
        "count_is_exact": found.count_is_exact,
        "next_cursor": found.next_cursor,
        "notes": list(found.notes),
    }


def refuse_unknown(request: WorkspaceRequest, schema: type[Schema]) -> None:
    """A parameter with a typo would silently be no filter at all."""
    accepted = ", ".join(schema.model_fields)
    unknown = [name for name in request.GET if name not in schema.model_fields]
    if unknown:
        raise Refused([Problem(name[:100], f"is not known here; accepted: {accepted}") for name in unknown])

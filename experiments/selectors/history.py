"""The history of runs: found, ordered and cut into pages at the same speed however long it is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from experiments.models import Experiment, MetricValue, ParameterValue, RecipeVersion
from experiments.query import QueryError
from experiments.selectors.columns import Column
from experiments.selectors.history_query import HistoryQuery
from experiments.selectors.search import cursors
from experiments.selectors.search.asking import Question
from experiments.selectors.search.expressions import IsAnyOf
from experiments.selectors.search.finding import Finder, Found
from experiments.selectors.search.limits import bounded_time
from mlopspro.accounts.models import Workspace

__all__ = ["PAGE_SIZE", "HistoryPage", "HistoryQuery", "cells", "matching", "page"]

PAGE_SIZE = 50
_OF_DATASETS = (
    *("statistics", "findings", "source", "user_features", "item_features", "folder", "size_bytes"),
    *("num_refused", "num_duplicates", "first_at", "last_at", "created_at", "roles", "columns"),
)
_OF_PEOPLE = ("password", "last_login", "theme", "time_zone", "session_generation", "created_at")
NOT_LISTED = (
    *("environment", "dataset_statistics", "timings", "worker", "idempotency_key", "manifest"),
    *(f"dataset__{name}" for name in _OF_DATASETS),
    *(f"created_by__{name}" for name in _OF_PEOPLE),
)
"""What no list shows; asking a listed run for one of them costs a query."""


@dataclass(frozen=True)
class HistoryPage:
    """One page of the history.

    ``first_number`` counts from 1; ``count`` is a lower bound where ``count_is_exact`` is false. ``notes`` say how the
    question was understood; ``error`` says why there is no answer, and then there are no runs.
    """

    runs: list[Experiment]
    first_number: int
    next_cursor: str
    previous_cursor: str
    count: int
    count_is_exact: bool
    notes: tuple[str, ...] = ()
    error: QueryError | None = None


def matching(workspace: Workspace, query: HistoryQuery) -> QuerySet[Experiment]:
    """Runs that meet text and filters, in no order; asks only what tells a rare filter from a common one.

    Raises QueryError.
    """
    return Question(workspace, query).matching


def page(workspace: Workspace, query: HistoryQuery, size: int = PAGE_SIZE) -> HistoryPage:
    """One page; never raises for what people wrote. About five queries, whatever the filter and the number of runs."""
    try:
        question = Question(workspace, query)
    except QueryError as error:
        return HistoryPage([], 1, "", "", 0, count_is_exact=True, error=error)
    try:
        with bounded_time():
            return _page(question, max(1, size))
    except QueryError as error:
        return HistoryPage([], 1, "", "", 0, count_is_exact=False, notes=question.all_notes, error=error)


def _page(question: Question, size: int) -> HistoryPage:
    finder = question.finder()
    start, backwards = _start(question, finder)
    found = finder.find(start, size + 1, backwards=backwards)
    if backwards and len(found) <= size:  # the beginning of the list: a whole first page
        start, backwards = None, False
        found = finder.find(None, size + 1)
    shown = found[:size][::-1] if backwards else found[:size]
    first = _first_number(start, len(shown), backwards=backwards)
    more_behind = backwards or len(found) > size
    before = 0 if start is None else first - 1
    count, is_exact = question.count(
        max(before + finder.seen, first - 1 + len(shown) + (1 if more_behind else 0)),
        seen_all=finder.seen_all and start is None,
    )

    def cursor(one: Found, number: int) -> str:
        place = cursors.Cursor(one.lane, one.place, number)
        return cursors.write(question.order.signature, finder.lanes, place)

    return HistoryPage(
        runs=_loaded([one.run for one in shown]),
        first_number=first,
        next_cursor=cursor(shown[-1], first + len(shown) - 1) if shown and more_behind else "",
        previous_cursor=cursor(shown[0], first) if shown and start is not None else "",
        count=count,
        count_is_exact=is_exact,
        notes=question.all_notes,
    )


def _start(question: Question, finder: Finder) -> tuple[cursors.Cursor | None, bool]:
    """Where the page starts, and whether it is the one before that place."""
    query = question.query
    text = query.after or query.before
    if not text:
        return None, False
    try:
        return cursors.read(question.order.signature, finder.lanes, text), not query.after
    except cursors.BrokenCursor:
        question.notes.append("The place in the list that the address names is not part of it any more: first page.")
        return None, False


def _first_number(start: cursors.Cursor | None, shown: int, *, backwards: bool) -> int:
    if start is None:
        return 1
    return max(1, start.number - shown) if backwards else start.number + 1


def _loaded(ids: list[uuid.UUID]) -> list[Experiment]:
    """Runs in this order with what lists show of them: one query. One that vanished meanwhile is left out."""
    if not ids:
        return []
    runs = Experiment.objects.filter(IsAnyOf("pk", ids)).select_related("dataset", "created_by").order_by()
    by_id = {run.pk: run for run in runs.defer(*NOT_LISTED)}
    return [by_id[one] for one in ids if one in by_id]


def cells(runs: Sequence[Experiment], columns: Sequence[Column]) -> dict[uuid.UUID, dict[str, Any]]:
    """{run id: {column key: value}} of every run and column, None where a run has no value; at most three queries.

    Metrics are floats; parameters are numbers where they are such, else text; attributes are what the run has.
    """
    table: dict[uuid.UUID, dict[str, Any]] = {
        run.pk: {one.key: _of_run(run, one) if one.kind == "attribute" else None for one in columns} for run in runs
    }
    if "recipe" in (one.key for one in columns):
        names = _recipe_names(runs)
        for run in runs:
            table[run.pk]["recipe"] = names.get(run.recipe_version_id)
    metrics = {(one.protocol, one.name): one.key for one in columns if one.kind == "metric"}
    parameters = {one.name: one.key for one in columns if one.kind == "parameter"}
    if metrics and table:
        for pk, protocol, name, value in _metric_rows(table, metrics):
            if (protocol, name) in metrics:
                table[pk][metrics[protocol, name]] = value
    if parameters and table:
        rows = ParameterValue.objects.filter(experiment__in=table, name__in=list(parameters)).order_by()
        for pk, name, text, number in rows.values_list("experiment", "name", "text", "number"):
            table[pk][parameters[name]] = text if number is None else _plain(number)
    return table


def _recipe_names(runs: Sequence[Experiment]) -> dict[uuid.UUID | None, str]:
    """What the versions that runs came from are called: one query."""
    wanted = {run.recipe_version_id for run in runs if run.recipe_version_id is not None}
    versions = RecipeVersion.objects.filter(pk__in=wanted).select_related("recipe").defer("manifest", "effective")
    return {version.pk: str(version) for version in versions} if wanted else {}


def _metric_rows(runs: dict[uuid.UUID, dict[str, Any]], metrics: dict[tuple[str, str], str]) -> QuerySet[Any, Any]:
    protocols, names = {protocol for protocol, _ in metrics}, {name for _, name in metrics}
    rows = MetricValue.objects.filter(
        experiment__in=list(runs), segment="all", protocol__in=protocols, name__in=names
    ).order_by()
    return rows.values_list("experiment", "protocol", "name", "value")


def _plain(number: float) -> float | int:
    """64 rather than 64.0."""
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _of_run(run: Experiment, column: Column) -> Any:
    if column.name == "duration":
        return run.finished_at - run.started_at if run.finished_at and run.started_at else None
    if column.name == "recipe":
        return None  # of all runs at once, by ``_recipe_names``
    return getattr(run, column.name)

"""The history of runs: found, ordered and cut into pages at the same speed however long it is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from experiments.models import Experiment, MetricValue, ParameterValue
from experiments.query import QueryError
from experiments.selectors.columns import Column
from experiments.selectors.history_query import HistoryQuery
from experiments.selectors.search.conditions import Compiler
from mlopspro.accounts.models import Workspace

__all__ = ["PAGE_SIZE", "HistoryPage", "HistoryQuery", "cells", "matching", "page"]

PAGE_SIZE = 50


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
    """Runs that meet text and filters, in no order; no query for runs yet. Raises QueryError."""
    condition = Compiler(workspace, timezone.now()).condition(query.expression())
    return Experiment.objects.filter(condition, workspace=workspace, deleted_at__isnull=not query.deleted).order_by()


def page(workspace: Workspace, query: HistoryQuery, size: int = PAGE_SIZE) -> HistoryPage:
    """One page; never raises for what people wrote."""
    try:
        rows = matching(workspace, query)
    except QueryError as error:
        return HistoryPage([], 1, "", "", 0, count_is_exact=True, error=error)
    start = int(query.after or query.before or 0)
    ordered = rows.select_related("dataset", "created_by").order_by("-created_at", "-id")
    runs = list(ordered[start : start + size + 1])
    following = str(start + size) if len(runs) > size else ""
    previous = str(max(0, start - size)) if start else ""
    return HistoryPage(runs[:size], start + 1, following, previous, rows[:1001].count(), count_is_exact=True)


def cells(runs: Sequence[Experiment], columns: Sequence[Column]) -> dict[uuid.UUID, dict[str, Any]]:
    """{run id: {column key: value}} of every run and column, None where a run has no value; at most two queries.

    Metrics are floats; parameters are numbers where they are such, else text; attributes are what the run has.
    """
    table: dict[uuid.UUID, dict[str, Any]] = {
        run.pk: {one.key: _of_run(run, one) if one.kind == "attribute" else None for one in columns} for run in runs
    }
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
    return getattr(run, column.name)

"""Datasets: the list, one dataset with its findings, and the rows that were refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from experiments.dataset_charts import charts_of
from experiments.models import Dataset
from experiments.models.job import JobStateError
from experiments.selectors import dataset_line, tables
from experiments.selectors import datasets as rows
from experiments.services import datasets as dataset_services
from experiments.table_charts import charts_of_table
from experiments.views.allowed import allowed
from experiments.views.find import find_dataset
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core import spreadsheets
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

LIST = "experiments/datasets.html"
DETAIL = "experiments/dataset.html"
REFUSED_PAGE = 25


@requires(Action.VIEW)
@require_safe
def dataset_list(request: WorkspaceRequest) -> HttpResponse:
    deleted = request.GET.get("deleted") == "1"
    context = {
        "page": rows.page_of(request.workspace, request.GET.get("page", "1"), deleted=deleted),
        "imports": [] if deleted else rows.open_imports(request.workspace),
        "deleted": deleted,
        "allowed": allowed(request),
    }
    return render_page(request, LIST, context)


@requires(Action.VIEW)
@require_safe
def dataset_detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    dataset = find_dataset(request, pk)
    runs, num_runs = rows.runs_on(dataset)
    kind = request.GET.get("rows", "")
    refused = rows.refused_rows(dataset, kind)
    context: dict[str, Any] = {
        "dataset": dataset,
        "charts": [] if dataset.is_table else charts_of(dataset),
        "runs": runs,
        "num_runs": num_runs,
        "refused": Paginator(refused, REFUSED_PAGE).get_page(request.GET.get("page", "1")),
        "kind": kind,
        "report": dataset.source.get("report", {}),
        "line": dataset_line.of(dataset),
        "allowed": allowed(request),
    }
    return render_page(request, DETAIL, context | _table_context(dataset), partial="refused")


def _table_context(dataset: Dataset) -> dict[str, Any]:
    """What the page shows of a table beyond what it shows of any dataset."""
    if not dataset.is_table:
        return {}
    columns = tables.columns_of(dataset)
    return {
        "charts": charts_of_table(dataset.statistics) if dataset.statistics else [],
        "columns": columns,
        "used_columns": sum(1 for column in columns if column.role),
        "counted_roles": [column for column in columns if column.role in tables.COUNTED][:2],
        "first_rows": tables.first_rows_of(dataset),
        "truth": json.dumps(dataset.source.get("truth", {}), indent=1),
    }


@requires(Action.VIEW)
@require_safe
def refused_csv(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Every listed row that was refused or merged, as a file that a spreadsheet opens without running anything."""
    dataset = find_dataset(request, pk)
    frame = rows.refused_rows(dataset).frame
    lines = spreadsheets.lines(list(frame.columns), frame.itertuples(index=False))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{dataset.pk}.csv"'
    return response


@requires(Action.DELETE_DATASET)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    dataset = find_dataset(request, pk)
    try:
        dataset_services.delete(dataset, request.user)
    except JobStateError as error:
        toast(request, str(error), "error")
        return redirect("experiments:dataset", pk=pk)
    deleted = reverse("experiments:datasets") + "?deleted=1"
    toast(request, f"{dataset.name} is deleted. It can be brought back.", "info", href=deleted, link="Show deleted")
    return redirect("experiments:datasets")


@requires(Action.DELETE_DATASET)
@require_POST
def restore(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    dataset = find_dataset(request, pk, deleted=True)
    try:
        dataset_services.restore(dataset, request.user)
    except JobStateError as error:
        toast(request, str(error), "error")
        return redirect("experiments:datasets")
    toast(request, f"{dataset.name} is back.")
    return redirect("experiments:dataset", pk=pk)

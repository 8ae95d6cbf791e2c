"""The history as a file: what the page shows, or the ticked runs of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from experiments.selectors import history, history_export
from experiments.selectors.search.resolve import Resolver
from experiments.views.history_context import columns_of
from experiments.views.history_state import HistoryState
from experiments.views.selected import back_to_list, ticked_runs
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.VIEW)
@require_safe
def export(request: WorkspaceRequest) -> HttpResponseBase:
    """Every matching run, up to 100,000, with the columns and the order of the page. A query that cannot be read
    leads to the page, which says what is wrong with it."""
    state = HistoryState.of(request.GET)
    if error := history.page(request.workspace, state.query, 1).error:
        toast(request, f"Nothing was exported. {error.message}", "error")
        return redirect(f"{reverse('experiments:experiments')}?{state.querystring()}")
    columns, _ = columns_of(Resolver(request.workspace), state)
    return _as_file(history_export.lines_of(request.workspace, state.query, columns))


@requires(Action.VIEW)
@require_POST
def export_selected(request: WorkspaceRequest) -> HttpResponseBase:
    runs = ticked_runs(request)
    if not runs:
        return back_to_list(request)
    columns, _ = columns_of(Resolver(request.workspace), HistoryState.of_text(request.POST.get("back", "")))
    return _as_file(history_export.lines_of_runs(runs, columns))


def _as_file(lines: Iterator[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"experiments-{timezone.now():%Y%m%d-%H%M%S}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response

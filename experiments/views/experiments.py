"""The history of runs: one list that is found in, sorted, marked and refreshed in place."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from experiments.models import Experiment
from experiments.selectors.history import PAGE_SIZE
from experiments.services.marks import MAX_PINS
from experiments.views.history_context import list_context, table_context
from experiments.views.history_state import HistoryState, uuid_of
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of

TEMPLATE = "experiments/experiments.html"
MOST_ROWS = PAGE_SIZE + MAX_PINS + 1


@requires(Action.VIEW)
@require_safe
def experiment_list(request: WorkspaceRequest) -> HttpResponse:
    """50 runs a page; the whole state is in the address. ``?deleted=1`` shows those that can be brought back."""
    state = HistoryState.of(request.GET)
    context = list_context(request, state)
    if context["mistake"]:
        return _refused(request, context)
    address = f"{reverse('experiments:experiments')}?{state.querystring()}".rstrip("?")
    if not is_fragment(request):
        return redirect(address) if _is_clumsy(request) else render_page(request, TEMPLATE, context)
    response = render_page(request, TEMPLATE, context, partial="history")
    if _is_clumsy(request):
        response["HX-Push-Url"] = address
    return response


@requires(Action.VIEW)
@require_safe
def rows(request: WorkspaceRequest) -> HttpResponseBase:
    """The rows of the runs named by ``id`` (at most a page of them), for a page that shows them while they run."""
    if not is_fragment(request):
        return redirect("experiments:experiments")
    ids = [pk for text in request.GET.getlist("id")[:MOST_ROWS] if (pk := uuid_of(text))]
    shown = visible(Experiment, request).filter(pk__in=ids, deleted_at__isnull=True)
    found = list(shown.select_related("dataset", "created_by").order_by("-created_at", "id"))
    version = version_of(*((run.pk, run.status_label, run.progress_done, run.phase, run.name) for run in found))
    if same := unchanged(request, version):
        return same
    context = table_context(request, HistoryState.of(request.GET), found, only=True)
    response = render_page(request, TEMPLATE, context, partial="refreshed")
    if len(context["active_ids"]) < len(found):
        # One has ended and brought figures: which ones are best is told anew for the whole table.
        trigger_client_event(response, "history-refresh")
    return polled(response, version=version, done=not context["active_ids"])


def _is_clumsy(request: WorkspaceRequest) -> bool:
    """Whether a form wrote the address: with fields that were left empty, a box a column, or the query before."""
    empty = any(not value for _, values in request.GET.lists() for value in values)
    return empty or "column" in request.GET or "was" in request.GET


def _refused(request: WorkspaceRequest, context: dict[str, Any]) -> HttpResponse:
    """A query that cannot be read changes nothing but the bar it was typed in: rows and address stay."""
    response = render_page(request, TEMPLATE, context, partial="query", status=422)
    if is_fragment(request):
        response["HX-Retarget"] = "#history-query"
        response["HX-Reswap"] = "outerHTML"
        response["HX-Push-Url"] = "false"
    return response

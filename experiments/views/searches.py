"""Searches over hyperparameters: their list, and the page of one with the parts of it that refresh by themselves."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from experiments import search_charts
from experiments.models import Search
from experiments.models.job import JobStateError
from experiments.selectors import searches as rows
from experiments.services import searches
from experiments.views.allowed import allowed
from experiments.views.exploring import compare_address
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast

LIST = "experiments/searches/list.html"
TEMPLATE = "experiments/searches/search.html"


@requires(Action.VIEW)
@require_safe
def search_list(request: WorkspaceRequest) -> HttpResponse:
    page = rows.page_of(request.workspace, request.GET.get("page"))
    bests = rows.bests_of(list(page))
    shown = [(search, rows.metric_label(search), bests.get(search.pk)) for search in page]
    return render_page(request, LIST, {"page": page, "shown": shown, "allowed": allowed(request)})


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    state = rows.state_of(find_search(request, pk))
    return render_page(request, TEMPLATE, _context(request, state) | _drawn(state))


@requires(Action.VIEW)
@require_safe
def now(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Progress, best so far, what was reached, and the trials; the last time with the buttons."""
    search = find_search(request, pk)
    if not is_fragment(request):
        return redirect("experiments:search", pk=pk)
    state = rows.state_of(search)
    version = version_of(*state.version())
    if same := unchanged(request, version):
        return same
    response = render_page(request, TEMPLATE, _context(request, state) | {"oob": True}, partial="changed")
    return polled(response, version=version, done=not state.is_running)


@requires(Action.VIEW)
@require_safe
def parameters(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Which parameters led where. It follows more slowly, as people are at work in it."""
    search = find_search(request, pk)
    if not is_fragment(request):
        return redirect("experiments:search", pk=pk)
    state = rows.state_of(search)
    version = version_of(state.counts["completed"], state.search.status)
    if same := unchanged(request, version):
        return same
    context = _context(request, state) | _drawn(state)
    response = render_page(request, TEMPLATE, context, partial="parameters")
    return polled(response, version=version, done=not state.is_running)


@requires(Action.STOP_TRAINING)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        searches.stop(find_search(request, pk), request.user)
        toast(request, "Stopping. What its trials have measured is kept.", "info")
    except JobStateError as error:
        toast(request, str(error), "error")
    return redirect("experiments:search", pk=pk)


def find_search(request: WorkspaceRequest, pk: uuid.UUID) -> Search:
    """A search of the current workspace: one query."""
    return get_object_or_404(visible(Search, request).select_related("dataset", "created_by"), pk=pk)


def _context(request: WorkspaceRequest, state: rows.SearchState) -> dict[str, Any]:
    return {
        "search": state.search,
        "state": state,
        "reached": search_charts.reached(state),
        "ran_for": rows.ran_for(state.search),
        "allowed": allowed(request),
    }


def _drawn(state: rows.SearchState) -> dict[str, Any]:
    address = reverse("experiments:experiments")
    return {
        "parallel": search_charts.parallel(state),
        "addresses": {"query": f'search = "{state.search.pk}"', "list": address, "compare": compare_address()},
    }

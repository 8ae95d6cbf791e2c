"""Saved views of the history: keep this state under a name, open one by its link, update or delete one's own."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from experiments.models import SavedView
from experiments.selectors.saved_views import visible_views
from experiments.services import saved_views
from experiments.views.history_state import HistoryState
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.VIEW)
@require_safe
def open_view(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """To the state that the view keeps. Nothing that is done there changes the view."""
    view = get_object_or_404(visible_views(request.workspace, request.user), pk=pk)
    return _show(HistoryState.of_text(view.query).with_view(view.pk))


@requires(Action.VIEW)
@require_POST
def save(request: WorkspaceRequest) -> HttpResponse:
    """A new view of the person's own; an existing one is never overwritten."""
    state = _posted_state(request)
    try:
        view = saved_views.save(
            request.workspace,
            request.user,
            name=request.POST.get("name", ""),
            query=state.kept(),
            shared=request.POST.get("shared") == "on",
        )
    except saved_views.ViewRefused as error:
        toast(request, str(error), "error")
        return _show(state)
    toast(request, f"{view.name} is saved." if not view.shared else f"{view.name} is saved and shared.")
    return _show(state.with_view(view.pk))


@requires(Action.VIEW)
@require_POST
def update(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """``act`` is state (show what the page shows), share or unshare."""
    view, state = _own(request, pk), _posted_state(request)
    act = request.POST.get("act", "state")
    try:
        if act == "state":
            saved_views.update(view, request.user, query=state.kept())
        else:
            saved_views.update(view, request.user, shared=act == "share")
    except saved_views.ViewRefused as error:
        toast(request, str(error), "error")
        return _show(state)
    words = {"state": "shows this state from now on", "share": "is shared with the workspace"}
    toast(request, f"{view.name} {words.get(act, 'is yours alone again')}.")
    return _show(state.with_view(view.pk))


@requires(Action.VIEW)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    view, state = _own(request, pk), _posted_state(request)
    saved_views.delete(view, request.user)
    toast(request, f"{view.name} is deleted. What the page shows stays.", "info")
    return _show(state.with_view(None))


def _own(request: WorkspaceRequest, pk: uuid.UUID) -> SavedView:
    """Only its owner changes a view; for others it is there to be opened."""
    view = get_object_or_404(visible_views(request.workspace, request.user), pk=pk)
    if view.owner_id != request.user.pk:
        raise Http404("Only its owner changes a view.")
    return view


def _posted_state(request: WorkspaceRequest) -> HistoryState:
    return HistoryState.of_text(request.POST.get("back", ""))


def _show(state: HistoryState) -> HttpResponse:
    text = state.querystring()
    address = reverse("experiments:experiments")
    return redirect(f"{address}?{text}" if text else address)

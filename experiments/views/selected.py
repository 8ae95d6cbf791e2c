"""Acts on the runs that are ticked in the history. Each answers the page's script, or goes back to the list."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from experiments.forms.editing import TagForm
from experiments.models import Experiment
from experiments.services import bulk, editing, marks
from experiments.services.labels import MAX_TAGS
from experiments.views.history_state import uuid_of
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment
from mlopspro.core.toasts import announce, toast

MAX_TICKED = 200
COMPARED = range(2, 11)
NAMED = 5


@requires(Action.VIEW)
@require_POST
def compare(request: WorkspaceRequest) -> HttpResponse:
    """To the comparison of two to ten runs, in the order of the list; its address holds their ids."""
    ids = _ids(request)
    if len(ids) not in COMPARED:
        toast(request, f"Two to ten runs are compared at once; {len(ids)} are ticked.", "warning")
        return back_to_list(request)
    address = reverse("experiments:compare")
    return redirect(f"{address}?ids={','.join(map(str, ids))}")


@requires(Action.VIEW)
@require_POST
def pin(request: WorkspaceRequest) -> HttpResponse:
    runs = ticked_runs(request)
    try:
        if runs:
            added = marks.pin(request.workspace, request.user, runs)
            toast(request, f"{_runs(added)} pinned." if added else "Pinned already.")
    except marks.TooManyPins as error:
        toast(request, str(error), "error")
    return back_to_list(request)


@requires(Action.VIEW)
@require_POST
def unpin(request: WorkspaceRequest) -> HttpResponse:
    if runs := ticked_runs(request):
        removed = marks.unpin(request.workspace, request.user, runs)
        toast(request, f"{_runs(removed)} unpinned." if removed else "None of them was pinned.", "info")
    return back_to_list(request)


@requires(Action.VIEW)
@require_POST
def baseline(request: WorkspaceRequest) -> HttpResponse:
    """Shows the others against the one run that is ticked."""
    runs = ticked_runs(request)
    if len(runs) == 1:
        marks.set_baseline(request.user, runs[0])
        toast(request, f"Every run is shown against {runs[0].name}.")
    elif runs:
        toast(request, f"There is one baseline at a time; {len(runs)} runs are ticked.", "warning")
    return back_to_list(request)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def tag(request: WorkspaceRequest) -> HttpResponse:
    return _retag(request, add=True)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def untag(request: WorkspaceRequest) -> HttpResponse:
    return _retag(request, add=False)


@requires(Action.DELETE_EXPERIMENT)
@require_POST
def delete(request: WorkspaceRequest) -> HttpResponse:
    """Runs in progress stay and are named; the others are deleted."""
    if runs := ticked_runs(request):
        outcome = bulk.delete(runs, request.user)
        if outcome.done:
            address = reverse("experiments:experiments") + "?deleted=1"
            words = f"{_runs(len(outcome.done))} deleted. They can be brought back."
            toast(request, words, "info", href=address, link="Show deleted")
        if outcome.refused:
            toast(request, _named(outcome.refused), "error")
    return back_to_list(request)


@requires(Action.DELETE_EXPERIMENT)
@require_POST
def restore(request: WorkspaceRequest) -> HttpResponse:
    if runs := ticked_runs(request, deleted=True):
        outcome = bulk.restore(runs, request.user)
        toast(
            request, f"{_runs(len(outcome.done))} brought back.", href=reverse("experiments:experiments"), link="Show"
        )
    return back_to_list(request)


def _retag(request: WorkspaceRequest, *, add: bool) -> HttpResponse:
    runs, form = ticked_runs(request), TagForm(request.POST)
    if not runs:
        return back_to_list(request)
    if not form.is_valid():
        toast(request, f"Tags: {form.problem}", "error")
        return back_to_list(request, refresh=False)
    tags = form.cleaned_data["tags"]
    change = editing.add_tags if add else editing.remove_tags
    done = change(request.workspace, runs, tags, request.user)
    named = ", ".join(tags)
    if done.changed:
        toast(request, f"{_runs(done.changed)} {'tagged' if add else 'without the tag'} {named}.")
    elif not done.full:
        toast(request, f"All of them have {named} already." if add else f"None of them has {named}.", "info")
    if done.full:
        toast(request, f"Up to {MAX_TAGS} tags a run; left as they are: {_named(done.full)}", "error")
    return back_to_list(request)


def _ids(request: WorkspaceRequest) -> list[uuid.UUID]:
    """Ids of the ticked rows in their order; what is not an id is left out."""
    texts = request.POST.getlist("run")[:MAX_TICKED]
    return list(dict.fromkeys(pk for text in texts if (pk := uuid_of(text))))


def ticked_runs(request: WorkspaceRequest, *, deleted: bool = False) -> list[Experiment]:
    """The ticked runs of this workspace in their order; says so where there are none."""
    ids = _ids(request)
    rows = visible(Experiment, request).filter(pk__in=ids, deleted_at__isnull=not deleted)
    found = rows.select_related("workspace", "dataset", "created_by").in_bulk()
    runs = [found[pk] for pk in ids if pk in found]
    if not runs:
        toast(request, "Tick at least one run first." if not ids else "These runs are gone.", "warning")
    return runs


def _runs(count: int) -> str:
    return f"{count} {'run' if count == 1 else 'runs'}"


def _named(texts: Collection[str]) -> str:
    """The first few, and how many more there are."""
    shown = " ".join(list(texts)[:NAMED])
    more = len(texts) - NAMED
    return f"{shown} And {more} more." if more > 0 else shown


def back_to_list(request: WorkspaceRequest, *, refresh: bool = True) -> HttpResponse:
    """The table is drawn again in place; without scripts the list is opened as it was."""
    if is_fragment(request):
        answer = announce(request, HttpResponse(status=204))
        return trigger_client_event(answer, "history-refresh") if refresh else answer
    state = QueryDict(request.POST.get("back", "")[:8000]).urlencode()
    address = reverse("experiments:experiments")
    return redirect(f"{address}?{state}" if state else address)

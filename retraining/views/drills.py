"""Drills: does the policy pay? Their list, starting one, and one as a picture."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from experiments.jobs import lifecycle
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast
from retraining import drill_charts
from retraining.forms_drills import DrillForm
from retraining.models import Drill
from retraining.services import drills

SHOWN = 100


@requires(Action.VIEW)
@require_safe
def listed(request: WorkspaceRequest) -> HttpResponse:
    """The newest first, and the form that starts one."""
    return _list(request, DrillForm(request.workspace))


@requires(Action.LAUNCH_TRAINING)
@require_POST
def start(request: WorkspaceRequest) -> HttpResponse:
    """Queues a drill; its page follows it."""
    form = DrillForm(request.workspace, request.POST)
    if form.is_valid():
        try:
            made = drills.ask(request.workspace, actor=request.user, **form.asked())
        except Refused as error:
            form.refuse(error.problems)
        else:
            toast(request, f"{made.name} is waiting for a worker.")
            return redirect("retraining:drill", pk=made.pk)
    return _list(request, form, status=422)


@requires(Action.STOP_TRAINING)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Ends it after the policy that is being replayed; nothing of it is kept."""
    lifecycle.request_stop(get_visible_or_404(Drill, request, pk), request.user)
    toast(request, "The drill stops.")
    return redirect("retraining:drill", pk=pk)


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What each policy brought, and over time; while it is under way how far it is."""
    found = get_visible_or_404(Drill, request, pk)
    version = version_of(
        request.get_full_path(), found.status, found.phase, found.progress_done, found.attempt, found.stop_requested_at
    )
    if same := unchanged(request, version):
        return same
    context = {"drill": found, "outcomes": [], "charts": [], "when": None, "allowed": allowed(request)}
    if found.result:
        context |= {
            "outcomes": [
                {**one, "title": drill_charts.TITLES.get(one["strategy"], one["strategy"])}
                for one in found.result["outcomes"]
            ],
            "sentence": drill_charts.sentence(found.result),
            "charts": drill_charts.charts(found.result),
            "when": drill_charts.when(found.result),
        }
    page = render_page(request, "retraining/drill.html", context, partial="live")
    return polled(page, version=version, done=is_fragment(request) and found.is_terminal)


def _list(request: WorkspaceRequest, form: DrillForm, status: int = 200) -> HttpResponse:
    rows = visible(Drill, request).select_related("dataset", "created_by").defer("result")[:SHOWN]
    context = {"rows": rows, "form": form, "allowed": allowed(request)}
    return render_page(request, "retraining/drills.html", context, status=status)

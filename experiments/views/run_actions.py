"""What a person can do to a run: stop, retry, delete, bring back, and ask for its mirror again."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from experiments.models import TrackerRun
from experiments.models.job import JobStateError
from experiments.services import delivery, launch
from experiments.views.experiment import PANELS
from experiments.views.find import find_run
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


def _back(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """To the tab of the run that was open."""
    tab = request.GET.get("tab", "")
    query = f"?tab={tab}" if tab in PANELS else ""
    return redirect(reverse("experiments:experiment", args=[pk]) + query)


@requires(Action.STOP_TRAINING)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks a run to stop; one that has ended already is left as it is and the page says so."""
    run = find_run(request, pk)
    if run.is_terminal:
        toast(request, f"{run.name} has ended already: {run.status_label.lower()}.", "info")
        return _back(request, pk)
    try:
        stopped = launch.stop(run, request.user)
        words = "Cancelled before it started." if stopped.is_terminal else "Stopping. Its metrics so far are kept."
        toast(request, words, "info")
    except JobStateError as error:
        toast(request, str(error), "error")
    return _back(request, pk)


@requires(Action.LAUNCH_TRAINING)
@require_POST
def retry(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    try:
        launch.retry(run, request.user)
        toast(request, f"Queued again. {run.name} goes on from its last checkpoint.")
    except JobStateError as error:
        toast(request, str(error), "error")
    return _back(request, pk)


@requires(Action.DELETE_EXPERIMENT)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    try:
        launch.delete(run, request.user)
    except JobStateError as error:
        toast(request, str(error), "error")
        return redirect("experiments:experiment", pk=pk)
    deleted = reverse("experiments:experiments") + "?deleted=1"
    toast(request, f"{run.name} is deleted. It can be brought back.", "info", href=deleted, link="Show deleted")
    return redirect("experiments:experiments")


@requires(Action.DELETE_EXPERIMENT)
@require_POST
def restore(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk, deleted=True)
    launch.restore(run, request.user)
    toast(request, f"{run.name} is back.")
    return redirect("experiments:experiment", pk=pk)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def retry_mirror(request: WorkspaceRequest, pk: uuid.UUID, tracker: str) -> HttpResponse:
    """Has a tracker tried again now rather than after its pause."""
    run = find_run(request, pk)
    mirror = TrackerRun.objects.filter(experiment=run, tracker=tracker).first()
    if mirror is None:
        raise Http404
    delivery.retry_now(mirror)
    toast(request, "It is tried again within seconds.", "info")
    return redirect(reverse("experiments:experiment", args=[pk]) + "?tab=trackers")

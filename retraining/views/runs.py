"""One retraining with its steps; stopping it, and saying yes to its promotion."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from experiments.models.job import JobStateError
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast
from retraining.models import Retraining
from retraining.services import retrainings

RELATED = ("model__workspace", "base__model", "version__model", "experiment", "dataset", "decision", "started_by")


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Steps as they go; polls until it has ended."""
    found = _found(request, pk)
    steps = list(found.steps.all())
    version = version_of(
        request.get_full_path(), found.state, found.sentence, found.stop_requested_at,
        *((one.number, one.state, one.sentence, one.attempts) for one in steps),
    )  # fmt: skip
    if same := unchanged(request, version):
        return same
    hint = next((one.evidence.get("off_policy") for one in reversed(steps) if one.kind == "gate"), None)
    context = {"retraining": found, "steps": steps, "hint": hint, "allowed": allowed(request)}
    page = render_page(request, "retraining/run.html", context, partial="live")
    return polled(page, version=version, done=is_fragment(request) and found.ended_at is not None)


@requires(Action.DEPLOY_MODEL)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Production stays as it is; a canary ends."""
    found = _found(request, pk)
    try:
        retrainings.stop(found, actor=request.user, reason=request.POST.get("reason", "")[:500])
    except (JobStateError, Refused) as error:
        toast(request, str(error), level="error")
    else:
        toast(request, "The retraining stops. Production stays as it is.")
    return redirect("retraining:run", pk=pk)


@requires(Action.DEPLOY_MODEL)
@require_POST
def approve(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Where its plan asks a person before the promotion."""
    found = _found(request, pk)
    try:
        retrainings.approve(found, actor=request.user)
    except (JobStateError, Refused) as error:
        toast(request, str(error), level="error")
    else:
        toast(request, "Approved. The new version is being promoted.")
    return redirect("retraining:run", pk=pk)


def _found(request: WorkspaceRequest, pk: uuid.UUID) -> Retraining:
    rows = Retraining.objects.select_related(*RELATED)
    return get_object_or_404(rows, pk=pk, model__workspace=request.workspace)

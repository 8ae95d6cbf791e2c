"""Acts on a trial: start, stop, promote its winner, delete a draft."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from experiments.models.job import JobStateError
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action, NotAllowed
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from retraining.models import Trial
from retraining.selectors import trial_promotion
from retraining.services import trials
from retraining.views.trials import of_request

PROMOTE = "retraining/trial_promote.html"
LONGEST_REASON = 500


@requires(Action.DEPLOY_MODEL)
@require_POST
def start(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    found = of_request(request, pk)
    try:
        trials.start(found, actor=request.user)
    except (JobStateError, Refused) as error:
        toast(request, f"Not started. {error}", level="error")
    else:
        toast(request, "The trial runs. Its versions answer their users within two seconds everywhere.")
    return redirect("retraining:trial", pk=pk)


@requires(Action.DEPLOY_MODEL)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    found = of_request(request, pk)
    try:
        trials.stop(found, actor=request.user, reason=_reason(request))
    except (JobStateError, Refused) as error:
        toast(request, str(error), level="error")
    else:
        toast(request, "The trial has ended. Production answers everybody again.")
    return redirect("retraining:trial", pk=pk)


@requires(Action.VIEW, change=Action.PROMOTE_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def promote(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The page, or the dialog, says what will happen and what speaks against it; then the act."""
    found = of_request(request, pk)
    if request.method != "POST":
        return _promotion(request, found)
    try:
        change = trials.promote(found, actor=request.user, reason=_reason(request))
    except (JobStateError, Refused, PromotionRefused, NotAllowed) as error:
        return _promotion(request, found, f"Nothing was done. {error}", status=409)
    toast(request, f"{found.model.name} {change.version.number} is in production, and the trial has ended.")
    return redirect("retraining:trial", pk=pk)


@requires(Action.DEPLOY_MODEL)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    found = of_request(request, pk)
    try:
        trials.delete(found, actor=request.user)
    except JobStateError as error:
        toast(request, str(error), level="error")
        return redirect("retraining:trial", pk=pk)
    toast(request, f"The draft {found.name} is deleted.")
    return redirect("retraining:trials")


def _reason(request: WorkspaceRequest) -> str:
    return request.POST.get("reason", "")[:LONGEST_REASON]


def _promotion(request: WorkspaceRequest, trial: Trial, problem: str = "", status: int = 200) -> HttpResponse:
    found = trial_promotion.of(trial)
    context = {
        "trial": trial,
        "found": found,
        "problem": problem,
        "reason": _reason(request),
        "allowed": allowed(request),
    }
    return render_page(request, PROMOTE, context, partial="body", status=status)

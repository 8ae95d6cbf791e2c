"""Evaluating a policy by hand, stored decisions, and answering proposals."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from experiments.models import RegisteredModel
from experiments.models.job import JobStateError
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from retraining.models import Decision
from retraining.policy.decision import Decision as Decided
from retraining.policy.policy import Policy
from retraining.selectors import trigger_rows
from retraining.services import decisions


@requires(Action.HANDLE_ALERT)
@require_POST
def check(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Evaluates the policy now and stores the decision."""
    return _decide(request, pk, by_hand=False)


@requires(Action.DEPLOY_MODEL)
@require_POST
def retrain(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks for a retraining whatever the signals say; brakes but the cool-down still hold."""
    return _decide(request, pk, by_hand=True)


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """One decision: what it saw, which triggers fired, what followed."""
    decision = _found(request, pk)
    decided = Decided.from_json(decision.document)
    shown = [one for one in decided.triggers if one.trigger != "manual" or one.state == "fired"]
    context = {
        "decision": decision,
        "decided": decided,
        "triggers": trigger_rows.rows(Policy.from_json(decision.policy), shown),
        "allowed": allowed(request),
    }
    return render_page(request, "retraining/decision.html", context)


@requires(Action.DEPLOY_MODEL)
@require_POST
def answer(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """``accept`` is yes or no."""
    decision = _found(request, pk)
    accept = request.POST.get("accept") == "yes"
    try:
        decisions.answer(decision, accept=accept, actor=request.user)
    except (JobStateError, Refused) as error:
        toast(request, str(error), level="error")
    else:
        toast(request, "The retraining has begun." if accept else "The proposal was dismissed.")
    return redirect("retraining:model", pk=decision.model_id)


def _decide(request: WorkspaceRequest, pk: uuid.UUID, *, by_hand: bool) -> HttpResponse:
    model = get_visible_or_404(RegisteredModel, request, pk)
    try:
        made = decisions.decide(model, through="page", actor=request.user, by_hand=by_hand)
    except Refused as error:
        toast(request, str(error), level="error")
    else:
        held = Decided.from_json(made.document).held
        text = " ".join([made.sentence, *(one.sentence for one in held)])
        toast(request, text, level="warning" if by_hand and held else "info")
    return redirect("retraining:model", pk=pk)


def _found(request: WorkspaceRequest, pk: uuid.UUID) -> Decision:
    rows = Decision.objects.select_related("model__workspace", "asked_by", "answered_by", "retraining")
    return get_object_or_404(rows, pk=pk, model__workspace=request.workspace)

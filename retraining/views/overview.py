"""Retrain or not, and who decides? All models, and the page of one."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from experiments.models import RegisteredModel
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast
from retraining import charts
from retraining.forms import WhatIfForm
from retraining.selectors import standing as shown
from retraining.selectors import trial_list, trigger_rows
from retraining.services import floors, kill_switch

OVERVIEW, MODEL = "retraining/overview.html", "retraining/model.html"


@requires(Action.VIEW)
@require_safe
def overview(request: WorkspaceRequest) -> HttpResponse:
    """A row a model with a version in production."""
    context = {
        "rows": shown.overview(request.workspace),
        "switch": kill_switch.state_of(request.workspace),
        "allowed": allowed(request),
    }
    return render_page(request, OVERVIEW, context)


@requires(Action.VIEW)
@require_safe
def model(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Tier and reasons, triggers, brakes, decisions, what would have happened; refreshes itself."""
    found = get_visible_or_404(RegisteredModel, request, pk)
    stands = shown.standing(found)
    version = version_of(
        request.get_full_path(), stands.now.tier, *stands.now.reasons, stands.agreed.revision,
        *(one.pk for one in stands.decisions), *((one.pk, one.state) for one in stands.retrainings),
        *((step.pk, step.state, step.sentence) for step in (stands.running.steps.all() if stands.running else ())),
    )  # fmt: skip
    if same := unchanged(request, version):
        return same
    past = shown.history(found)
    tried = shown.tried(stands.agreed, past, {}) if past else None
    context = {
        "stands": stands,
        "model": found,
        "triggers": trigger_rows.rows(stands.agreed.policy, stands.triggers),
        "history": charts.history(past),
        "points": len(past),
        "floor": floors.standing(found, stands.agreed, stands.live),
        "what_if": WhatIfForm(initial=WhatIfForm.initial_of(stands.agreed.policy)),
        "tried": tried,
        **trigger_rows.counted(stands.agreed.policy, tried),
        "trials": trial_list.of_model(found),
        "can_try": trial_list.can_try(found),
        "allowed": allowed(request),
    }
    return polled(render_page(request, MODEL, context, partial="live"), version=version)


@requires(Action.KILL_SWITCH)
@require_POST
def turn(request: WorkspaceRequest) -> HttpResponse:
    """``on`` is yes or no; with a reason."""
    on = request.POST.get("on") == "yes"
    kill_switch.turn(request.workspace, on=on, actor=request.user, reason=request.POST.get("reason", "")[:500])
    toast(request, "The kill switch is on: no model retrains." if on else "The kill switch is off.")
    return redirect("retraining:overview")

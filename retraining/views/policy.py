"""The policy of a model: its form, and what it would have done in the past week with other thresholds."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from experiments.models import RegisteredModel
from experiments.models.job import JobStateError
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from retraining.forms import PolicyForm, WhatIfForm
from retraining.selectors import standing as shown
from retraining.selectors import trigger_rows
from retraining.services import floors, policies


@requires(Action.EDIT_POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Every value of the policy; a change makes the next revision, and is audited."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    agreed = policies.of(model)
    form = (
        PolicyForm(request.POST)
        if request.method == "POST"
        else PolicyForm.showing(agreed.policy, agreed.plan, agreed.revision)
    )
    if form.is_bound and form.is_valid():
        try:
            changed = policies.change(
                model,
                form.changes(),
                actor=request.user,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["revision"] or None,
            )
        except Refused as error:
            form.refuse(error.problems)
        else:
            toast(request, f"The policy is revision {changed.revision} now.")
            return redirect("retraining:model", pk=pk)
    floor = floors.standing(model, agreed)
    context = {"model": model, "form": form, "agreed": agreed, "floor": floor, "allowed": allowed(request)}
    return render_page(request, "retraining/policy.html", context, status=422 if form.errors else 200)


@requires(Action.EDIT_POLICY)
@require_POST
def adopt_floor(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Agrees on the floor that is proposed where the present one says nothing."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    seen = request.POST.get("revision", "")
    try:
        changed = floors.adopt(model, actor=request.user, seen=(int(seen) or None) if seen.isdecimal() else None)
    except (Refused, JobStateError) as error:
        toast(request, str(error), level="error")
    else:
        toast(request, f"The floor was changed; the policy is revision {changed.revision} now.")
    return redirect("retraining:model", pk=pk)


@requires(Action.VIEW)
@require_safe
def tried(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The policy replayed over the decisions of the last week, with the thresholds of the query."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    agreed, past = policies.of(model), shown.history(model)
    form = WhatIfForm(request.GET)
    context = {"model": model, "what_if": form, "points": len(past), "as_agreed": None, "tried": None, "problem": ""}
    if form.is_valid() and past:
        try:
            context["tried"] = found = shown.tried(agreed, past, form.changes())
            context["as_agreed"] = shown.tried(agreed, past, {})
            context |= trigger_rows.counted(agreed.policy, found)
        except ValueError as error:
            context["problem"] = str(error)
    status = 422 if form.errors or context["problem"] else 200
    return render_page(request, "retraining/what_if.html", context, partial="answer", status=status)

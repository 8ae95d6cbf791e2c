"""Acts on the division of a model's users: a version begins to answer, gets another share, or stops; lists explore."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from experiments.forms.traffic import DeployForm, ExplorationForm, ShareForm
from experiments.models import Deployment, RegisteredModel
from experiments.models.job import JobStateError
from experiments.selectors.traffic import traffic_of
from experiments.services import traffic
from experiments.services.exploration import change_exploration
from experiments.services.spec import Refused
from experiments.views.find_models import find_model
from experiments.views.model_page import deployments_page
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.DEPLOY_MODEL)
@require_POST
def deploy(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """A version in staging begins to answer beside the champion."""
    model = find_model(request, pk)
    form = DeployForm(request.POST, versions=traffic_of(model).waiting)
    if not form.is_valid():
        return deployments_page(request, model, deploy_form=form, status=422)
    try:
        made = traffic.deploy(
            form.chosen, role=form.cleaned_data["role"], share=form.share, actor=request.user,
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
    except Refused as error:
        form.refuse(error.problems)
        return deployments_page(request, model, deploy_form=form, status=422)
    except JobStateError as error:
        return _back(request, model, str(error), "error")
    words = f"{made.version.number} answers as {made.get_role_display().lower()}"
    return _back(request, model, f"{words} for {made.share:.4g} of the users, within two seconds everywhere.")


@requires(Action.DEPLOY_MODEL)
@require_POST
def change_share(request: WorkspaceRequest, pk: uuid.UUID, deployment: int) -> HttpResponse:
    model, one = _found(request, pk, deployment)
    form = ShareForm(request.POST)
    if not form.is_valid():
        words = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        return _back(request, model, f"Nothing was changed. {words}", "error")
    try:
        made = traffic.change_share(one, form.share, actor=request.user, reason=form.cleaned_data["reason"])
    except (Refused, JobStateError) as error:
        return _back(request, model, _words(error), "error")
    return _back(request, model, f"{made.version.number} has {made.share:.4g} of the users now.")


@requires(Action.DEPLOY_MODEL)
@require_POST
def end(request: WorkspaceRequest, pk: uuid.UUID, deployment: int) -> HttpResponse:
    model, one = _found(request, pk, deployment)
    try:
        ended = traffic.end(one, actor=request.user, reason=request.POST.get("reason", "")[:10_000])
    except (Refused, JobStateError) as error:
        return _back(request, model, _words(error), "error")
    role = ended.get_role_display().lower()
    return _back(
        request, model, f"{ended.version.number} is no {role} any more; the champion answers its users.", "info"
    )


@requires(Action.DEPLOY_MODEL)
@require_POST
def explore(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Another share of lists whose last place is drawn."""
    model = find_model(request, pk)
    form = ExplorationForm(request.POST)
    try:
        if form.is_valid():
            change_exploration(model, form.share, actor=request.user, reason=form.cleaned_data["reason"])
    except Refused as error:
        form.refuse(error.problems)
    except JobStateError as error:
        return _back(request, model, str(error), "error")
    if form.errors:
        return deployments_page(request, model, exploration_form=form, status=422)
    share = form.share
    words = f"Of {100 * share:.4g} % of the lists the last place is drawn, within two seconds everywhere."
    return _back(request, model, words if share else "No list explores any more, within two seconds everywhere.")


def _found(request: WorkspaceRequest, pk: uuid.UUID, deployment: int) -> tuple[RegisteredModel, Deployment]:
    model = find_model(request, pk)
    rows = Deployment.objects.select_related("model__workspace", "version")
    return model, get_object_or_404(rows, pk=deployment, model=model)


def _back(request: WorkspaceRequest, model: RegisteredModel, words: str, level: str = "success") -> HttpResponse:
    toast(request, words, level)  # type: ignore[arg-type]
    return redirect(f"{reverse('experiments:model', args=[model.pk])}?tab=deployments")


def _words(error: Exception) -> str:
    if isinstance(error, Refused):
        return "Nothing was changed. " + "; ".join(f"{one.field}: {one.message}" for one in error.problems)
    return str(error)

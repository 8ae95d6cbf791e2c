"""The page of a model: what is live, its versions, who was live when, and where it all came from."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from experiments.forms.traffic import DeployForm, ExplorationForm
from experiments.learning.families import Family
from experiments.models import RegisteredModel
from experiments.selectors import metrics, tiles
from experiments.selectors.deployment_times import deployment_times
from experiments.selectors.gate import gate
from experiments.selectors.model_page import Standing, lines_of, parse_moment, standing_of
from experiments.selectors.registry import live_at, model_uri
from experiments.selectors.traffic import traffic_of
from experiments.services import serving_status
from experiments.services.promotion import blockers
from experiments.views.allowed import allowed
from experiments.views.find_models import find_model, find_version
from experiments.views.lineage import picture
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, render_page

TEMPLATE = "experiments/models/model.html"
TABS = [
    {"key": "overview", "label": "Overview", "icon": "layout-dashboard"},
    {"key": "versions", "label": "Versions", "icon": "git-commit-horizontal"},
    {"key": "deployments", "label": "Deployments", "icon": "rocket"},
    {"key": "lineage", "label": "Lineage", "icon": "share-2"},
]


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    model = find_model(request, pk)
    asked = request.GET.get("tab", "overview")
    return _page(request, model, asked if asked in PANELS else "overview")


def deployments_page(request: WorkspaceRequest, model: RegisteredModel, *, status: int, **form: Form) -> HttpResponse:
    """The tab again with what was wrong in the form that was sent: deploy_form or exploration_form."""
    return _page(request, model, "deployments", form, status)


def _page(
    request: WorkspaceRequest,
    model: RegisteredModel,
    tab: str,
    extra: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    standing = standing_of(model)
    context = {
        "model": model,
        "tabs": TABS,
        "tab": tab,
        "panel": f"experiments/models/tabs/{tab}.html",
        "standing": standing,
        "allowed": allowed(request),
    }
    context |= PANELS[tab](request, model, standing)
    return render_page(request, TEMPLATE, {**context, **(extra or {})}, status=status)


@requires(Action.VIEW)
@require_safe
def was_live(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What was live at ``?at=``: the fragment, or the tab of the page that has the same answer."""
    model = find_model(request, pk)
    if not is_fragment(request):
        query = urlencode({"tab": "deployments", "at": request.GET.get("at", "")})
        return redirect(f"{reverse('experiments:model', args=[pk])}?{query}")
    return render_page(request, TEMPLATE, {"model": model} | _asked(request, model), partial="live_at")


@requires(Action.VIEW)
@require_safe
def gate_of(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponseBase:
    """What the gate says of a version, worked out after the page is there; without scripts: the promotion's page."""
    found = find_version(request, pk, version)
    if not is_fragment(request):
        return redirect("experiments:model_promote", pk=pk, version=version)
    context = {"model": found.model, "version": found, "gate": gate(found), "blockers": blockers(found, "production")}
    return render_page(request, TEMPLATE, context, partial="gate")


def _overview(request: WorkspaceRequest, model: RegisteredModel, standing: Standing) -> dict[str, Any]:
    shown = standing.live or standing.candidate
    if shown is None:
        return {"shown": None}
    return {
        "shown": shown,
        "tiles": tiles.headline(metrics.overall_metrics(shown.experiment)),
        "protocols": metrics.protocols_of(shown.experiment),
        "addresses": _addresses(request, model) if standing.live else [],
    }


def _addresses(request: WorkspaceRequest, model: RegisteredModel) -> list[tuple[str, str]]:
    """(what it is for, address) by which programs find the live version."""
    page = request.build_absolute_uri(reverse("experiments:model", args=[model.pk]))
    return [("MLflow", model_uri(model)), ("This page", page)]


def _versions(request: WorkspaceRequest, model: RegisteredModel, standing: Standing) -> dict[str, Any]:
    return {"lines": lines_of(model)}


def _deployments(request: WorkspaceRequest, model: RegisteredModel, standing: Standing) -> dict[str, Any]:
    asked = _asked(request, model)
    divided = traffic_of(model)
    return asked | {
        "times": deployment_times(model, asked["moment"]),
        "traffic": divided,
        "deploy_form": DeployForm(versions=divided.waiting, initial={"percent": 10}),
        "exploration_form": None
        if Family(model.family).is_tabular
        else ExplorationForm(initial={"percent": f"{100 * model.exploration:.6g}"}),
        "serving_problems": serving_status.problems_of(model.pk),
    }


def _asked(request: WorkspaceRequest, model: RegisteredModel) -> dict[str, Any]:
    """``moment`` that was asked about with ``found`` then, or ``problem`` with what was typed."""
    text = request.GET.get("at", "").strip()[:60]
    moment = parse_moment(text, timezone.get_current_timezone()) if text else None
    problem = ""
    if text and moment is None:
        problem = f"“{text}” is no moment. Write it as 2026-11-21 08:30, or with a zone as 2026-11-21T08:30+00:00."
    return {
        "at": text,
        "moment": moment,
        "problem": problem,
        "found": live_at(model, moment) if moment else None,
        "zone": timezone.get_current_timezone_name(),
    }


def _lineage(request: WorkspaceRequest, model: RegisteredModel, standing: Standing) -> dict[str, Any]:
    return picture(request.workspace, model)


Panel = Callable[[WorkspaceRequest, RegisteredModel, Standing], dict[str, Any]]
PANELS: dict[str, Panel] = {
    "overview": _overview,
    "versions": _versions,
    "deployments": _deployments,
    "lineage": _lineage,
}

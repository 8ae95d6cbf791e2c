"""The monitoring page of all models and of one, and a single prediction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from experiments.models import RegisteredModel
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from monitoring import charts_windows
from monitoring.selectors import recent
from monitoring.selectors import traffic as shown
from monitoring.selectors.windows import NAMES, BadPeriod, Period, period

TEMPLATE = "monitoring/overview.html"
TABS = ({"key": "traffic", "label": "Traffic", "icon": "activity"},)
"""Parts of a model's page; each has a partial of the template and what it needs (``_PANELS``)."""
Context = dict[str, Any]


@requires(Action.VIEW)
@require_safe
def overview(request: WorkspaceRequest) -> HttpResponseBase:
    """``?model=&period=1h|24h|7d|30d`` or ``&from=&to=``; without a model all of them. Refreshes itself."""
    chosen, problem = _period(request.GET)
    if not (asked := request.GET.get("model", "")):
        return _all_models(request, chosen, problem)
    model = get_visible_or_404(RegisteredModel, request, asked)
    tab = request.GET.get("tab", "")
    tab = tab if tab in _PANELS else TABS[0]["key"]
    sources = shown.sources_of(model)
    version = version_of(tab, request.get_full_path(), problem, *shown.state_of(model, sources, chosen), _today())
    if same := unchanged(request, version):
        return same
    context = {
        "model": model,
        "tabs": TABS,
        "tab": tab,
        "panel": f"monitoring/parts/{tab}.html",
        **_frame(request, chosen, problem),
        **_PANELS[tab](model, sources, chosen),
    }
    if not is_fragment(request):
        context["models"] = _models(request)
    return polled(render_page(request, TEMPLATE, context, partial="live"), version=version)


@requires(Action.VIEW)
@require_safe
def prediction(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """One prediction with its items, features and feedback."""
    found = recent.detail(request.workspace, pk)
    if found is None:
        raise Http404("No prediction of this id.")
    return render_page(request, "monitoring/prediction.html", {"detail": found, "allowed": allowed(request)})


def _all_models(request: WorkspaceRequest, chosen: Period, problem: str) -> HttpResponseBase:
    rows = shown.overview(request.workspace, chosen)
    shown_rows = (
        (row.model.pk, row.model.name, row.counts, row.errors, row.labelled, row.last, row.live) for row in rows
    )
    version = version_of(request.get_full_path(), problem, _today(), *shown_rows)
    if same := unchanged(request, version):
        return same
    context = {"rows": rows, "models": [row.model for row in rows], **_frame(request, chosen, problem)}
    return polled(render_page(request, TEMPLATE, context, partial="live"), version=version)


def _frame(request: WorkspaceRequest, chosen: Period, problem: str) -> Context:
    query = {name: value for name, value in request.GET.items() if name in ("model", "tab")}
    periods = [(name, label, name == chosen.name) for name, label in NAMES.items()]
    return {"period": chosen, "periods": periods, "problem": problem, "kept": query, "allowed": allowed(request)}


def _traffic(model: RegisteredModel, sources: list[Any], chosen: Period) -> Context:
    found = shown.traffic(model, sources, chosen)
    return {
        "traffic": found,
        "over_time": charts_windows.predictions(found),
        "response_times": charts_windows.response_times(found),
        "confidence": charts_windows.confidence(found),
    }


_PANELS = {"traffic": _traffic}


def _period(given: Mapping[str, str]) -> tuple[Period, str]:
    """The period of the address, and what is wrong with it: then the usual one is shown instead."""
    try:
        return period(given.get("period") or "24h", start=given.get("from"), end=given.get("to")), ""
    except BadPeriod as error:
        return period(), str(error)


def _models(request: WorkspaceRequest) -> list[RegisteredModel]:
    rows = RegisteredModel.objects.filter(workspace=request.workspace, archived_at__isnull=True)
    return list(rows.only("pk", "name").order_by("name")[: shown.SHOWN_MODELS])


def _today() -> dt.date:
    """Times are written relative to today; so a fragment is new at least once a day."""
    return timezone.now().date()

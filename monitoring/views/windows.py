"""The monitoring page of all models and of one, and a single prediction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from experiments.models import RegisteredModel
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from monitoring.models import Source, Window
from monitoring.selectors import recent
from monitoring.selectors import traffic as shown
from monitoring.selectors.fleet import fleet
from monitoring.selectors.standing import standing
from monitoring.selectors.windows import NAMES, BadPeriod, Period, period
from monitoring.views import tiles
from monitoring.views.panels import JUDGED, LINKS, TABS, UNJUDGED

TEMPLATE = "monitoring/overview.html"
LONGEST_SEARCH = 200
Context = dict[str, Any]


@requires(Action.VIEW)
@require_safe
def overview(request: WorkspaceRequest) -> HttpResponseBase:
    """``?model=&period=1h|24h|7d|30d`` or ``&from=&to=``; without a model all of them. Refreshes itself."""
    chosen, problem = _period(request.GET)
    if not (asked := request.GET.get("model", "")):
        return _all_models(request, chosen, problem)
    model = get_visible_or_404(RegisteredModel, request, asked)
    sources = shown.sources_of(model)
    tab = TABS.get(request.GET.get("tab", "")) or TABS[_tab_of(sources)]
    stands = standing(model, sources, chosen)
    state = shown.state_of(model, sources, chosen)
    version = version_of(tab.key, request.get_full_path(), problem, *state, *stands.state, _today())
    if same := unchanged(request, version):
        return same
    context = {
        "model": model,
        "tabs": LINKS,
        "tab": tab.key,
        "panel": tab.partial,
        "stands": stands,
        "again": _address(request, tab.key),
        **tiles.context(stands, chosen),
        **_frame(request, chosen, problem),
        **tab.panel(model, sources, chosen),
    }
    if not is_fragment(request):
        context["report_url"] = f"{reverse('monitoring:report')}?{urlencode({'model': model.pk, **chosen.query})}"
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
    search = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    found = fleet(request.workspace, chosen, search)
    version = version_of(request.get_full_path(), problem, _today(), *found.state)
    if same := unchanged(request, version):
        return same
    context = {
        "fleet": found,
        "rows": found.rows,
        "search": search,
        "models": [row.model for row in found.rows],
        **_frame(request, chosen, problem),
    }
    return polled(render_page(request, TEMPLATE, context, partial="live"), version=version)


def _frame(request: WorkspaceRequest, chosen: Period, problem: str) -> Context:
    query = {name: value for name, value in request.GET.items() if name in ("model", "tab", "q")}
    periods = [(name, label, name == chosen.name) for name, label in NAMES.items()]
    return {
        "period": chosen,
        "periods": periods,
        "problem": problem,
        "kept": query,
        "allowed": allowed(request),
        "fragment": is_fragment(request),
    }


def _address(request: WorkspaceRequest, tab: str) -> str:
    """Of what is refreshed: the tab that is shown stays, whichever one is the usual by then."""
    query = request.GET.copy()
    query["tab"] = tab
    return f"{request.path}?{query.urlencode()}"


def _tab_of(sources: list[Source]) -> str:
    """Quality, once any answer of the model was judged."""
    judged = Window.objects.filter(source__in=sources, level=Window.Level.DAY, labelled__gt=0).exists()
    return JUDGED if judged and JUDGED in TABS else UNJUDGED


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

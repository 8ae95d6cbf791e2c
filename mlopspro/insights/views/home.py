"""What needs me now? The home page, and the part of it that refreshes itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core import home_cards
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.insights.selectors.home import home as home_of

TEMPLATE = "insights/home.html"


@requires(Action.VIEW)
@require_safe
def home(request: WorkspaceRequest) -> HttpResponse:
    return render_page(request, TEMPLATE, _context(request))


@requires(Action.VIEW)
@require_safe
def now(request: WorkspaceRequest) -> HttpResponseBase:
    """Everything on the page but its frame; 304 where nothing changed."""
    if not is_fragment(request):
        return redirect("insights:home")
    context = _context(request)
    version = version_of(request.membership.role, *context["found"].state, *context["cards"])
    if same := unchanged(request, version):
        return same
    return polled(render_page(request, TEMPLATE, context, partial="now"), version=version)


def _context(request: WorkspaceRequest) -> dict[str, Any]:
    # Each card with its own context alone: its names are none of the page's.
    cards = [render_to_string(template, context, request) for template, context in home_cards.cards(request)]
    return {"found": home_of(request.workspace), "cards": cards, "allowed": allowed(request)}

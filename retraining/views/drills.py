"""Drills: does the policy pay? Their list, and one as a picture."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import get_visible_or_404, requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from retraining import drill_charts
from retraining.models import Drill

SHOWN = 100


@requires(Action.VIEW)
@require_safe
def listed(request: WorkspaceRequest) -> HttpResponse:
    """The newest first."""
    rows = visible(Drill, request).select_related("dataset", "created_by").defer("result")[:SHOWN]
    return render_page(request, "retraining/drills.html", {"rows": rows})


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """What each policy brought, and over time."""
    found = get_visible_or_404(Drill, request, pk)
    context = {"drill": found, "outcomes": [], "charts": [], "when": None}
    if found.result:
        context |= {
            "outcomes": [
                {**one, "title": drill_charts.TITLES.get(one["strategy"], one["strategy"])}
                for one in found.result["outcomes"]
            ],
            "charts": drill_charts.charts(found.result),
            "when": drill_charts.when(found.result),
        }
    return render_page(request, "retraining/drill.html", context)

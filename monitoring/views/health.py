"""The health page: one verdict, what it rests on, and what to do."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, polled, render_page, unchanged, version_of
from monitoring import charts_health
from monitoring.selectors.health import Health, losses_for, problems_for, system_health
from monitoring.selectors.processes import HEALTH
from monitoring.selectors.service_times import SPANS
from monitoring.services.health_rules import GROUP_NAMES, TRACKER_NAMES

TEMPLATE = "monitoring/health.html"
DEFAULT = "hour"


@requires(Action.VIEW)
@require_safe
def health(request: WorkspaceRequest) -> HttpResponseBase:
    """The page, and every ten seconds its changing part; an unknown period is the last hour."""
    asked = request.GET.get("period", DEFAULT)
    found = system_health(asked if asked in SPANS else DEFAULT)
    version = version_of(found.figures.taken_at, found.span.key)
    if same := unchanged(request, version):
        return same
    return polled(render_page(request, TEMPLATE, _context(request, found), partial="health"), version=version)


def _context(request: WorkspaceRequest, found: Health) -> dict[str, Any]:
    figures = found.figures
    kept = figures.processes.kept.get(HEALTH)
    return {
        "health": found,
        "spans": [{"key": span.key, "label": span.label} for span in SPANS.values()],
        "groups": [(GROUP_NAMES[group], times) for group, times in found.groups.items() if group in GROUP_NAMES],
        "trackers": [(TRACKER_NAMES.get(name, name), backlog) for name, backlog in figures.outbox.items()],
        "charts": [charts_health.response_times(found), charts_health.requests(found)],
        "losses": losses_for(figures, request.workspace),
        "problems": problems_for(figures, request.workspace),
        "watched_at": kept.beat_at if kept is not None else None,
        "since": figures.watch.get("since") if figures.watch.get("status") == found.status else None,
    }

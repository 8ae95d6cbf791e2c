"""Is the team getting better? The page for managers, and its figures as a file."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core import spreadsheets
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.insights import charts
from mlopspro.insights.selectors import definitions
from mlopspro.insights.selectors import insights as of
from mlopspro.insights.selectors.figures import HEADER, figures
from mlopspro.insights.selectors.span import CHOICES, BadSpan, Span, span_of

TEMPLATE = "insights/insights.html"


@requires(Action.VIEW)
@require_safe
def insights(request: WorkspaceRequest) -> HttpResponse:
    """``weeks`` to look back; ``metric`` and ``dataset`` of the quality of runs."""
    span, problem = _span(request)
    found = _found(request, span)
    context = {
        "found": found,
        "problem": problem,
        "periods": [{"key": str(weeks), "label": label} for weeks, label in CHOICES.items()],
        "period": str(span.weeks),
        "definitions": definitions.ALL,
        "charts": {
            "velocity": charts.velocity(found.velocity),
            "quality": charts.quality(found.quality, span),
            "production": charts.production(found.production, span),
            "cost": charts.cost(found.production),
            "retrainings": charts.retrainings(found.retrained),
            "alerts": charts.alerts(found.alarms),
            "reactions": charts.reactions(found.alarms),
            "people": charts.people(found.use),
        },
        "query": request.GET.urlencode(),
        "allowed": allowed(request),
    }
    return render_page(request, TEMPLATE, context)


@requires(Action.VIEW)
@require_safe
def export(request: WorkspaceRequest) -> HttpResponseBase:
    """Everything on the page, a figure a line."""
    span, _ = _span(request)
    found = _found(request, span)
    lines = spreadsheets.lines(HEADER, (one.row for one in figures(found)))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"insights-{span.weeks}-weeks-{timezone.now():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _span(request: WorkspaceRequest) -> tuple[Span, str]:
    """What was asked for, or the usual period and why it is shown instead."""
    now = timezone.now()
    try:
        return span_of(request.GET.get("weeks"), now), ""
    except BadSpan as error:
        return span_of(None, now), str(error)


def _found(request: WorkspaceRequest, span: Span) -> of.Insights:
    return of.insights(request.workspace, span, request.GET.get("metric", ""), request.GET.get("dataset", ""))

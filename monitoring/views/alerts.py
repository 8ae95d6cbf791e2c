"""What is open? The list of alerts, one alert with all its steps, and what people do with it."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from experiments.forms.training import sentence
from experiments.models import RegisteredModel
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import Level, toast
from monitoring import charts_alerts
from monitoring.alerts.past import past
from monitoring.models import Alert, AlertEvent, Severity
from monitoring.selectors import alerts as shown
from monitoring.services import alerting
from monitoring.views.alert_evidence import links_of

LIST, TEMPLATE = "monitoring/alerts/list.html", "monitoring/alerts/alert.html"
SNOOZES = {"1": "1 hour", "8": "8 hours", "24": "24 hours"}
BEFORE, LONGEST = dt.timedelta(hours=6), dt.timedelta(days=7)
"""Of the chart: what stands before the alert opened, and how much it shows at most."""


@requires(Action.VIEW)
@require_safe
def alert_list(request: WorkspaceRequest) -> HttpResponseBase:
    """``?state=&severity=&model=&after=``: the live ones by urgency, below them the history. Refreshes itself."""
    filters = _filters(request)
    live = shown.live(request.workspace, filters) if filters.live else []
    after = request.GET.get("after", "")
    history = shown.history(request.workspace, filters, after) if filters.history else shown.History([])
    rows = (*live, *history.rows)
    version = version_of(request.get_full_path(), timezone.now().date(), *(one.version for one in rows))
    if same := unchanged(request, version):
        return same
    context = {
        "live": live,
        "history": history,
        "filters": filters,
        "after": after,
        "older": _address(request, after=history.older) if history.older else "",
        "newest": _address(request, after=""),
        "summary": _summary(live),
        "allowed": allowed(request),
    }
    if not is_fragment(request):
        context |= {
            "models": shown.models_with_rules(request.workspace),
            "states": Alert.State.choices,
            "severities": Severity.choices,
        }
    return polled(render_page(request, LIST, context, partial="live"), version=version)


@requires(Action.VIEW)
@require_safe
def count(request: WorkspaceRequest) -> HttpResponseBase:
    """How many are open, beside the entry of the navigation; it tells of those that opened since it last asked."""
    if not is_fragment(request):
        return redirect("monitoring:alerts")
    now, since = timezone.now(), _moment(request.GET.get("since", ""))
    number, newest = shown.counts(request.workspace)
    version = version_of(number, newest)
    if same := unchanged(request, version):
        return same
    if since is not None:
        for alert in shown.risen(request.workspace, since):
            level: Level = "error" if alert.severity == Severity.CRITICAL else "warning"
            words = f"{alert.get_severity_display()} alert: {alert.rule.model.name} – {alert.rule.name}"
            toast(request, words, level, href=f"/monitoring/alerts/{alert.pk}/")
    context = {"number": number, "most": shown.LIVE_SHOWN, "since": now.isoformat()}
    return polled(render_page(request, "monitoring/alerts/count.html", context, partial="count"), version=version)


@requires(Action.VIEW)
@require_safe
def alert(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One alert: what is wrong, since when, what was done, who was told. Refreshes itself."""
    one = shown.Shown(_find(request, pk))
    events = shown.events_of(one.alert)
    tried = [(delivery.attempts, delivery.delivered_at) for event in events for delivery in event.deliveries.all()]
    version = version_of(*one.version, len(events), tried, timezone.now().date())
    if same := unchanged(request, version):
        return same
    context = {
        "one": one,
        "alert": one.alert,
        "steps": [_step(event) for event in events],
        "told": [event for event in events if event.deliveries.all()],
        "links": links_of(one.alert),
        "chart": _chart(one),
        "snoozes": SNOOZES,
        "allowed": allowed(request),
    }
    return polled(render_page(request, TEMPLATE, context, partial="live"), version=version)


@requires(Action.HANDLE_ALERT)
@require_POST
def acknowledge(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(
        request, pk, "Acknowledged.", lambda one, words: alerting.acknowledge(one, actor=request.user, note=words)
    )


@requires(Action.HANDLE_ALERT)
@require_POST
def snooze(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    _find(request, pk)
    hours = request.POST.get("hours", "")
    if hours not in SNOOZES:
        toast(request, f"hours is {hours[:20]!r}; {', '.join(SNOOZES)} are accepted.", "error")
        return _back(request, pk)
    until = timezone.now() + dt.timedelta(hours=int(hours))
    done = f"Snoozed for {SNOOZES[hours]}."
    return _act(request, pk, done, lambda one, words: alerting.snooze(one, actor=request.user, until=until, note=words))


@requires(Action.HANDLE_ALERT)
@require_POST
def resolve(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, "Resolved.", lambda one, words: alerting.resolve(one, actor=request.user, note=words))


@requires(Action.HANDLE_ALERT)
@require_POST
def note(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, "Noted.", lambda one, words: alerting.note(one, actor=request.user, note=words))


def _act(request: WorkspaceRequest, pk: uuid.UUID, done: str, act: Callable[[Alert, str], object]) -> HttpResponse:
    try:
        act(_find(request, pk), request.POST.get("note", ""))
        toast(request, done)
    except Refused as error:
        toast(request, " ".join(sentence(f"{one.field}: {one.message}") for one in error.problems), "error")
    return _back(request, pk)


def _back(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("monitoring:alert", pk=pk)


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> Alert:
    return get_object_or_404(shown.of_workspace(request.workspace), pk=pk)


def _filters(request: WorkspaceRequest) -> shown.Filters:
    state, severity, model = (request.GET.get(name, "") for name in ("state", "severity", "model"))
    found = None
    with contextlib.suppress(ValueError):
        found = visible(RegisteredModel, request).filter(pk=uuid.UUID(model)).first() if model else None
    return shown.Filters(
        state if state in Alert.State.values else "", severity if severity in Severity.values else "", found
    )


def _address(request: WorkspaceRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


def _summary(live: list[shown.Shown]) -> list[tuple[str, int, str, str]]:
    """(label, how many, tone, icon) of what needs somebody: open ones by severity."""
    open_now = [one for one in live if one.alert.state == Alert.State.OPEN]
    found = []
    for severity in (Severity.CRITICAL, Severity.WARNING, Severity.INFO):
        number = sum(one.alert.severity == severity for one in open_now)
        if number:
            found.append((str(severity.label).lower(), number, severity.tone, shown.SEVERITY_ICONS[severity.value]))
    return found


_LOOKS = {
    AlertEvent.Kind.OPENED: ("bad", "bell-ring"),
    AlertEvent.Kind.RETURNED: ("bad", "rotate-ccw"),
    AlertEvent.Kind.ACKNOWLEDGED: ("info", "user-check"),
    AlertEvent.Kind.SNOOZED: ("neutral", "bell-off"),
    AlertEvent.Kind.WOKE: ("warning", "bell-ring"),
    AlertEvent.Kind.RESOLVED: ("good", "circle-check"),
    AlertEvent.Kind.NOTE: ("neutral", "message-square-text"),
}


def _step(event: AlertEvent) -> dict[str, Any]:
    tone, icon = _LOOKS[AlertEvent.Kind(event.kind)]
    title = (
        "By itself: resolved"
        if event.kind == AlertEvent.Kind.RESOLVED and event.by is None
        else event.get_kind_display()
    )
    return {"at": event.at, "title": title, "text": event.note, "tone": tone, "icon": icon, "actor": event.by or ""}


def _chart(one: shown.Shown) -> Any:
    """From some hours before it opened until now, or until an hour after it was resolved; a week at most."""
    alert, spec = one.alert, one.spec
    if spec is None:
        return None
    end = min(timezone.now(), (alert.resolved_at or timezone.now()) + dt.timedelta(hours=1))
    start = max(alert.opened_at - BEFORE, end - LONGEST)
    rule = alert.rule
    if spec.is_series:
        # Each of its points is held against its own past, which takes time.
        start = max(start, end - dt.timedelta(hours=12))
    found = past(rule.model, spec, start, end, window_seconds=rule.window_seconds, minimum_sample=rule.minimum_sample)
    marks = [("opened", alert.opened_at)] if alert.opened_at >= start else []
    if alert.resolved_at is not None:
        marks.append(("resolved", alert.resolved_at))
    return charts_alerts.course(spec, found, alerting.terms_of(rule), key="alert-course", marks=marks)


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None

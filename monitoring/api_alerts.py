"""JSON API of alerts and their rules: what is open, what was, what to do with it, and when one opens."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.alerts.specs import SIGNALS
from monitoring.models import Alert, AlertEvent, AlertRule
from monitoring.selectors import alerts as shown
from monitoring.services import alert_rules, alerting

router = Router(tags=["alerts"])
ROOT, RULES = "/monitoring/alerts", "/monitoring/alert-rules"
OF_MODEL = "/monitoring/models/{model_id}/alert-rules"


class AlertOut(Schema):
    id: uuid.UUID
    model: uuid.UUID
    model_name: str
    rule: uuid.UUID
    rule_name: str
    signal: str
    state: str = Field(description="open, acknowledged, snoozed or resolved")
    severity: str = Field(description="info, warning or critical")
    sentence: str
    value: float | None = Field(description="Of a series: robust standard deviations; its figure is in `evidence`.")
    threshold: float | None
    occurrences: int = Field(description="1 and once more for each time it came back within half an hour")
    opened_at: dt.datetime
    last_seen_at: dt.datetime = Field(description="When the signal was last bad.")
    snoozed_until: dt.datetime | None
    resolved_at: dt.datetime | None
    acknowledged_by: str
    signal_gone_since: dt.datetime | None = Field(description="Since when there is no reading; null where there is.")
    evidence: dict[str, Any] = Field(description="Check, stretch of time, version and sample behind the value.")


class EventOut(Schema):
    kind: str
    at: dt.datetime
    by: str
    note: str
    deliveries: list[dict[str, Any]]


class AlertDetail(AlertOut):
    events: list[EventOut] = Field(description="The newest first.")


class AlertList(Envelope):
    data: list[AlertOut]
    next_after: str | None = Field(description="Give it as `after` for the next page; null on the last.")


class AlertAnswer(Envelope):
    data: AlertDetail


class Asked(Schema):
    state: Literal["", "live", "open", "acknowledged", "snoozed", "resolved"] = Field(
        "", description="live: all but resolved"
    )
    severity: Literal["", "info", "warning", "critical"] = ""
    model: uuid.UUID | None = None
    limit: int = Field(50, ge=1, le=200)
    after: str = Field("", max_length=80, description="`next_after` of the page before.")


class ActIn(Schema):
    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=2000)


class SnoozeIn(ActIn):
    until: dt.datetime | None = Field(None, description="With a zone; 5 minutes to 7 days ahead. It must be given.")


class RuleOut(Schema):
    id: uuid.UUID
    model: uuid.UUID = Field(alias="model_id")
    name: str
    signal: str
    comparison: str = Field(description="above, below or anomaly")
    threshold: float
    clear_at: float | None
    window_seconds: int
    minimum_sample: int
    for_checks: int
    severity: str
    enabled: bool
    seeded: bool = Field(description="One that every model starts with.")
    follows_settings: bool = Field(description="Its thresholds are those of the model's monitoring settings.")
    channels: list[uuid.UUID] = Field(description="Empty: every channel of the workspace.")
    state: dict[str, Any] = Field(description="The last reading, and how many bad or good ones stand in a row.")

    @staticmethod
    def resolve_follows_settings(rule: AlertRule) -> bool:
        return alert_rules.follows(rule)

    @staticmethod
    def resolve_channels(rule: AlertRule) -> list[uuid.UUID]:
        return [one.pk for one in rule.channels.all()]


class RuleIn(Schema):
    """Fields that are left out suit the signal (a new rule) or stay as they are (a change)."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    signal: str | None = Field(None, description="As `GET /monitoring/alert-signals` lists them.")
    comparison: str | None = Field(None, description="above or below; anomaly for series")
    threshold: float | None = None
    clear_at: float | None = Field(None, description="Good again from here on; null: the threshold.")
    window_seconds: int | None = None
    minimum_sample: int | None = None
    for_checks: int | None = None
    severity: str | None = None
    enabled: bool | None = None
    channels: list[uuid.UUID] | None = None
    follow_settings: bool | None = Field(None, description="Of a seeded rule: take the settings' thresholds again.")


class RuleList(Envelope):
    data: list[RuleOut]
    count: int


class RuleAnswer(Envelope):
    data: RuleOut


class SignalOut(Schema):
    name: str
    title: str
    unit: str
    worse: str = Field(description="above, below or both: on which side it is bad")
    needs_sample: bool
    explain: str


class SignalList(Envelope):
    data: list[SignalOut]
    count: int


@router.get(ROOT, response={200: AlertList, **ERRORS}, summary="List alerts")
@requires_api(Action.VIEW)
def alerts(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """The last opened first."""
    refuse_unknown(request, Asked)
    if asked.after and shown.place_of(asked.after) is None:
        raise Refused([Problem("after", f"{asked.after[:80]!r} is no place; accepted: `next_after` of a page")])
    model = get_visible_or_404(RegisteredModel, request, asked.model) if asked.model else None
    state = "" if asked.state == "live" else asked.state
    rows = shown.filtered(shown.of_workspace(request.workspace), shown.Filters(state, asked.severity, model))
    if asked.state == "live":
        rows = rows.exclude(state=Alert.State.RESOLVED)
    page = shown.page_of(rows, asked.after, asked.limit)
    return {"data": [_alert(one) for one in page.rows], "next_after": page.older or None}


@router.get("/monitoring/alert-signals", response={200: SignalList, **ERRORS}, summary="Signals that rules look at")
@requires_api(Action.VIEW)
def alert_signals(request: WorkspaceRequest) -> Any:
    return {"data": list(SIGNALS.values()), "count": len(SIGNALS)}


@router.get(f"{ROOT}/{{alert_id}}", response={200: AlertAnswer, **ERRORS}, summary="An alert with its steps")
@requires_api(Action.VIEW)
def alert(request: WorkspaceRequest, alert_id: uuid.UUID) -> Any:
    return _detail(request, alert_id)


@router.post(f"{ROOT}/{{alert_id}}/acknowledge", response={200: AlertAnswer, **ERRORS}, summary="Acknowledge an alert")
@requires_api(Action.HANDLE_ALERT)
def alert_acknowledge(request: WorkspaceRequest, alert_id: uuid.UUID, sent: ActIn) -> Any:
    alerting.acknowledge(_find(request, alert_id), actor=request.user, note=sent.note)
    return _detail(request, alert_id)


@router.post(f"{ROOT}/{{alert_id}}/snooze", response={200: AlertAnswer, **ERRORS}, summary="Snooze an alert")
@requires_api(Action.HANDLE_ALERT)
def alert_snooze(request: WorkspaceRequest, alert_id: uuid.UUID, sent: SnoozeIn) -> Any:
    """It wakes if the signal is still bad then."""
    found = _find(request, alert_id)
    if sent.until is None:
        raise Refused([Problem("until", "is missing; accepted: a time with zone, 5 minutes to 7 days ahead")])
    alerting.snooze(found, actor=request.user, until=sent.until, note=sent.note)
    return _detail(request, alert_id)


@router.post(f"{ROOT}/{{alert_id}}/resolve", response={200: AlertAnswer, **ERRORS}, summary="Resolve an alert")
@requires_api(Action.HANDLE_ALERT)
def alert_resolve(request: WorkspaceRequest, alert_id: uuid.UUID, sent: ActIn) -> Any:
    """Only new bad readings bring it back."""
    alerting.resolve(_find(request, alert_id), actor=request.user, note=sent.note)
    return _detail(request, alert_id)


@router.post(f"{ROOT}/{{alert_id}}/notes", response={200: AlertAnswer, **ERRORS}, summary="Add a note to an alert")
@requires_api(Action.HANDLE_ALERT)
def alert_note(request: WorkspaceRequest, alert_id: uuid.UUID, sent: ActIn) -> Any:
    alerting.note(_find(request, alert_id), actor=request.user, note=sent.note)
    return _detail(request, alert_id)


@router.get(OF_MODEL, response={200: RuleList, **ERRORS}, summary="Alert rules of a model")
@requires_api(Action.VIEW)
def alert_rules_of(request: WorkspaceRequest, model_id: uuid.UUID) -> Any:
    model = get_visible_or_404(RegisteredModel, request, model_id)
    found = list(AlertRule.objects.filter(model=model).prefetch_related("channels").order_by("name"))
    return {"data": found, "count": len(found)}


@router.post(OF_MODEL, response={201: RuleAnswer, **ERRORS}, summary="Add an alert rule")
@requires_api(Action.EDIT_POLICY)
def alert_rule_add(request: WorkspaceRequest, model_id: uuid.UUID, sent: RuleIn) -> Status[Any]:
    model = get_visible_or_404(RegisteredModel, request, model_id)
    values = sent.model_dump(exclude_unset=True, exclude={"follow_settings"})
    return Status(201, {"data": alert_rules.create(model, values, actor=request.user)})


@router.get(f"{RULES}/{{rule_id}}", response={200: RuleAnswer, **ERRORS}, summary="An alert rule")
@requires_api(Action.VIEW)
def alert_rule(request: WorkspaceRequest, rule_id: uuid.UUID) -> Any:
    return {"data": _rule(request, rule_id)}


@router.patch(f"{RULES}/{{rule_id}}", response={200: RuleAnswer, **ERRORS}, summary="Change an alert rule")
@requires_api(Action.EDIT_POLICY)
def alert_rule_change(request: WorkspaceRequest, rule_id: uuid.UUID, sent: RuleIn) -> Any:
    """What is left out stays. A seeded rule whose threshold is given no longer follows the settings."""
    values = sent.model_dump(exclude_unset=True, exclude={"follow_settings"})
    follow = bool(sent.follow_settings)
    return {"data": alert_rules.change(_rule(request, rule_id), values, actor=request.user, follow_settings=follow)}


@router.delete(f"{RULES}/{{rule_id}}", response={204: None, **ERRORS}, summary="Delete an alert rule")
@requires_api(Action.EDIT_POLICY)
def alert_rule_delete(request: WorkspaceRequest, rule_id: uuid.UUID) -> Status[None]:
    """With the history of its alerts. One that every model starts with is switched off instead."""
    alert_rules.delete(_rule(request, rule_id), actor=request.user)
    return Status(204, None)


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> Alert:
    return get_object_or_404(shown.of_workspace(request.workspace), pk=pk)


def _rule(request: WorkspaceRequest, pk: uuid.UUID) -> AlertRule:
    rows = AlertRule.objects.filter(model__workspace=request.workspace).select_related("model__workspace")
    return get_object_or_404(rows, pk=pk)


def _detail(request: WorkspaceRequest, pk: uuid.UUID) -> dict[str, Any]:
    one = _find(request, pk)
    return {"data": _alert(shown.Shown(one)) | {"events": [_event(event) for event in shown.events_of(one)]}}


def _alert(one: shown.Shown) -> dict[str, Any]:
    alert = one.alert
    same = (
        "id", "state", "severity", "sentence", "value", "threshold", "occurrences", "opened_at", "last_seen_at",
        "snoozed_until", "resolved_at", "evidence",
    )  # fmt: skip
    return {name: getattr(alert, name) for name in same} | {
        "model": alert.rule.model_id,
        "model_name": alert.rule.model.name,
        "rule": alert.rule_id,
        "rule_name": alert.rule.name,
        "signal": alert.rule.signal,
        "acknowledged_by": str(alert.acknowledged_by or ""),
        "signal_gone_since": one.gone["since"] if one.gone else None,
    }


def _event(event: AlertEvent) -> dict[str, Any]:
    deliveries = [
        {
            "channel": one.channel.name,
            "attempts": one.attempts,
            "delivered_at": one.delivered_at,
            "next_at": one.next_at,
            "last_error": one.last_error,
        }
        for one in event.deliveries.all()
    ]
    return {"kind": event.kind, "at": event.at, "by": str(event.by or ""), "note": event.note, "deliveries": deliveries}

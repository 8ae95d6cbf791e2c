"""What the pages and the API show of alerts: the live ones by urgency, the history by time, one with all its steps."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, IntegerField, Prefetch, Q, QuerySet, Value, When

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.alerts.readings import SignalSpec
from monitoring.alerts.specs import SIGNALS
from monitoring.models import Alert, AlertEvent, Delivery, DeliveryAttempt, Severity

LIVE_SHOWN = 200
PAGE = 25
_URGENCY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
_BADGES = {
    Alert.State.OPEN: ("bad", "bell-ring"),
    Alert.State.ACKNOWLEDGED: ("info", "user-check"),
    Alert.State.SNOOZED: ("neutral", "bell-off"),
    Alert.State.RESOLVED: ("good", "circle-check"),
}
SEVERITY_ICONS = {"info": "info", "warning": "triangle-alert", "critical": "octagon-alert"}


@dataclass(frozen=True)
class Filters:
    """Of the list, as its address has them; what is not known there is no filter."""

    state: str = ""
    severity: str = ""
    model: RegisteredModel | None = None

    @property
    def any(self) -> bool:
        return bool(self.state or self.severity or self.model is not None)

    @property
    def live(self) -> bool:
        return self.state != Alert.State.RESOLVED

    @property
    def history(self) -> bool:
        return self.state in ("", Alert.State.RESOLVED)


def state_badge(alert: Alert) -> dict[str, str]:
    tone, icon = _BADGES[Alert.State(alert.state)]
    return {"label": alert.get_state_display(), "tone": tone, "icon": icon}


@dataclass(frozen=True)
class Shown:
    """An alert with the words for it."""

    alert: Alert
    spec: SignalSpec | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec", SIGNALS.get(self.alert.rule.signal))

    @property
    def state(self) -> dict[str, str]:
        """As a badge."""
        return state_badge(self.alert)

    @property
    def severity(self) -> dict[str, str]:
        one = Severity(self.alert.severity)
        return {"label": str(one.label), "tone": one.tone, "icon": SEVERITY_ICONS[one.value]}

    @property
    def figure(self) -> str:
        """The value in words; of a series the figure, not its distance."""
        value = self.alert.evidence.get("figure", self.alert.value)
        return self.spec.figure(value) if self.spec is not None else f"{value:g}" if value is not None else "–"

    @property
    def limit(self) -> str:
        """What it was held against."""
        alert = self.alert
        if self.spec is None or alert.threshold is None:
            return "–"
        if self.spec.is_series:
            low, high = alert.evidence.get("low"), alert.evidence.get("high")
            if low is None or high is None:
                return f"{alert.threshold:g} deviations"
            return f"{self.spec.figure(max(low, 0.0))} to {self.spec.figure(high)}"
        return f"{alert.rule.get_comparison_display().lower()} {self.spec.figure(alert.threshold)}"

    @property
    def gone(self) -> dict[str, Any] | None:
        """{"since", "why"} where the signal of a live alert is no longer there."""
        since = self.alert.rule.state.get("missing_since")
        if self.alert.state == Alert.State.RESOLVED or not since:
            return None
        return {"since": dt.datetime.fromisoformat(since), "why": self.alert.rule.state.get("why", "")}

    @property
    def lasted(self) -> dt.timedelta | None:
        return self.alert.resolved_at - self.alert.opened_at if self.alert.resolved_at is not None else None

    @property
    def version(self) -> tuple[object, ...]:
        """What a fragment with it depends on."""
        alert = self.alert
        return (
            alert.pk, alert.state, alert.severity, alert.value, alert.last_seen_at, alert.occurrences,
            alert.snoozed_until, alert.rule.name, alert.rule.model.name, alert.rule.state.get("missing_since"),
        )  # fmt: skip


@dataclass(frozen=True)
class History:
    """A page of alerts, the last opened first; ``older`` is the place of the next page, "" on the last."""

    rows: Sequence[Shown]
    older: str = ""


def of_workspace(workspace: Workspace) -> QuerySet[Alert]:
    joined = Alert.objects.filter(rule__model__workspace=workspace)
    return joined.select_related("rule__model__workspace", "acknowledged_by")


def filtered(rows: QuerySet[Alert], filters: Filters) -> QuerySet[Alert]:
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.severity:
        rows = rows.filter(severity=filters.severity)
    if filters.model is not None:
        rows = rows.filter(rule__model=filters.model)
    return rows


def live(workspace: Workspace, filters: Filters) -> list[Shown]:
    """What needs somebody: snoozed ones last, then by severity, then the longest open first. One query."""
    rows = filtered(of_workspace(workspace), filters).exclude(state=Alert.State.RESOLVED)
    urgency = Case(
        *(When(severity=name, then=Value(rank)) for name, rank in _URGENCY.items()), output_field=IntegerField()
    )
    asleep = Case(When(state=Alert.State.SNOOZED, then=Value(1)), default=Value(0), output_field=IntegerField())
    return [Shown(one) for one in rows.order_by(asleep, urgency, "opened_at", "pk")[:LIVE_SHOWN]]


def history(workspace: Workspace, filters: Filters, after: str = "") -> History:
    """Resolved ones, the last opened first, from after the place ``after``. One query."""
    rows = filtered(of_workspace(workspace), filters).filter(state=Alert.State.RESOLVED)
    return page_of(rows, after, PAGE)


def page_of(rows: QuerySet[Alert], after: str, size: int) -> History:
    """``size`` of them, the last opened first, from after the place ``after``. One query."""
    place = place_of(after)
    if place is not None:
        rows = rows.filter(Q(opened_at__lt=place[0]) | Q(opened_at=place[0], pk__lt=place[1]))
    found = list(rows.order_by("-opened_at", "-pk")[: size + 1])
    shown = found[:size]
    return History([Shown(one) for one in shown], place_after(shown[-1]) if len(found) > size else "")


def place_after(alert: Alert) -> str:
    """Its place in the order of time."""
    return f"{alert.opened_at.astimezone(dt.UTC):%Y%m%dT%H%M%S.%f}_{alert.pk.hex}"


def place_of(text: str) -> tuple[dt.datetime, uuid.UUID] | None:
    """None where it is no place: then the list begins at its start."""
    when, _, key = text.partition("_")
    try:
        return dt.datetime.strptime(when, "%Y%m%dT%H%M%S.%f").replace(tzinfo=dt.UTC), uuid.UUID(key)
    except ValueError:
        return None


def counts(workspace: Workspace) -> tuple[int, dt.datetime | None]:
    """How many are open, and when the newest of them opened; one query over the live ones."""
    rows = Alert.objects.filter(state=Alert.State.OPEN, rule__model__workspace=workspace)
    found = list(rows.order_by("-opened_at").values_list("opened_at", flat=True)[: LIVE_SHOWN + 1])
    return len(found), found[0] if found else None


def risen(workspace: Workspace, since: dt.datetime, most: int = 3) -> list[Alert]:
    """Alerts that opened, came back or woke after ``since`` and are open still; the newest few."""
    kinds = (AlertEvent.Kind.OPENED, AlertEvent.Kind.RETURNED, AlertEvent.Kind.WOKE)
    recent = AlertEvent.objects.filter(kind__in=kinds, at__gt=since).values("alert")
    rows = of_workspace(workspace).filter(state=Alert.State.OPEN, pk__in=recent)
    return list(rows.order_by("-opened_at")[:most])


def events_of(alert: Alert) -> list[AlertEvent]:
    """Its steps, the newest first, each with its deliveries and their attempts: four queries."""
    log = Prefetch("log", DeliveryAttempt.objects.order_by("-at"))
    deliveries = Prefetch("deliveries", Delivery.objects.select_related("channel").prefetch_related(log))
    return list(alert.events.select_related("by").prefetch_related(deliveries).order_by("-at", "-pk")[:200])


def models_with_rules(workspace: Workspace) -> list[RegisteredModel]:
    rows = RegisteredModel.objects.filter(workspace=workspace, archived_at__isnull=True)
    return list(rows.only("pk", "name").order_by("name")[:200])

"""Alerts a week, and how long people took to acknowledge and the signals to resolve."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Min, Q

from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.span import Span, median, monday_of
from monitoring.models import Alert, AlertEvent, Severity


@dataclass(frozen=True)
class WeekOfAlerts:
    """Alerts that opened in the week, by severity; seconds until each was acknowledged and resolved, where it was."""

    start: dt.datetime
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Severity.values, 0))
    acknowledged: list[float] = field(default_factory=list)
    resolved: list[float] = field(default_factory=list)

    @property
    def opened(self) -> int:
        return sum(self.counts.values())

    @property
    def to_acknowledge(self) -> float | None:
        """The median, in seconds."""
        return median(self.acknowledged)

    @property
    def to_resolve(self) -> float | None:
        return median(self.resolved)


@dataclass(frozen=True)
class Alarms:
    weeks: list[WeekOfAlerts]

    @property
    def opened(self) -> int:
        return sum(week.opened for week in self.weeks)

    @property
    def acknowledged(self) -> list[float]:
        return [one for week in self.weeks for one in week.acknowledged]

    @property
    def resolved(self) -> list[float]:
        return [one for week in self.weeks for one in week.resolved]

    @property
    def to_acknowledge(self) -> float | None:
        return median(self.acknowledged)

    @property
    def to_resolve(self) -> float | None:
        return median(self.resolved)


def alarms(workspace: Workspace, span: Span) -> Alarms:
    """One query."""
    said = Min("events__at", filter=Q(events__kind=AlertEvent.Kind.ACKNOWLEDGED))
    rows = Alert.objects.filter(rule__model__workspace=workspace, opened_at__gte=span.start, opened_at__lt=span.end)
    weeks = {monday: WeekOfAlerts(monday) for monday in span.mondays}
    found = rows.order_by().annotate(said=said).values_list("opened_at", "severity", "said", "resolved_at")
    for opened, severity, acknowledged, resolved in found:
        week = weeks[monday_of(opened)]
        week.counts[severity] += 1
        if acknowledged is not None:
            week.acknowledged.append((acknowledged - opened).total_seconds())
        if resolved is not None:
            week.resolved.append((resolved - opened).total_seconds())
    return Alarms(list(weeks.values()))

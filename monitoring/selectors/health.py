"""The verdict: is the installation healthy, degraded or unhealthy, why, and what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.selectors.health_figures import KEPT_SECONDS, Figures, Loss, figures, problems_of
from monitoring.selectors.health_readings import readings
from monitoring.selectors.service_times import SPANS, Span, Times, by_group, in_steps, rows_since, start_of, together
from monitoring.services.health_rules import judge_all, overall
from monitoring.services.health_states import Check, State

_ORDER = (State.UNHEALTHY, State.DEGRADED, State.UNKNOWN, State.HEALTHY)


@dataclass(frozen=True)
class Verdict:
    """``checks`` in the order of the rules."""

    status: State
    checks: list[Check]
    figures: Figures

    @property
    def by_urgency(self) -> list[Check]:
        return sorted(self.checks, key=lambda check: _ORDER.index(check.state))

    @property
    def broken(self) -> list[Check]:
        return [check for check in self.by_urgency if check.state in (State.UNHEALTHY, State.DEGRADED)]

    @property
    def reasons(self) -> list[str]:
        if self.status is State.UNKNOWN:
            missing = [
                check.rule.name for check in self.checks if check.state is State.UNKNOWN and check.rule.essential
            ]
            return [f"{name}: not measured yet." for name in missing]
        return [check.reason for check in self.broken]

    @property
    def recommendations(self) -> list[str]:
        return list(dict.fromkeys(check.advice for check in self.broken))


@dataclass(frozen=True)
class Health(Verdict):
    """A verdict with the answers of a stretch of time."""

    span: Span
    start: dt.datetime
    total: Times
    groups: dict[str, Times]
    points: list[tuple[dt.datetime, Times]]


def verdict(max_age: float = KEPT_SECONDS) -> Verdict:
    """As of now, or of up to ``max_age`` seconds ago."""
    found = figures(max_age)
    checks = judge_all(readings(found))
    return Verdict(overall(checks), checks, found)


def system_health(period: str = "hour") -> Health:
    """The verdict beside the answers of a span of ``SPANS``: one query more. Raises KeyError for another word."""
    span, now = SPANS[period], verdict()
    start = start_of(span, now.figures.taken_at)
    rows = rows_since(start)
    return Health(
        status=now.status,
        checks=now.checks,
        figures=now.figures,
        span=span,
        start=start,
        total=together(rows),
        groups=by_group(rows),
        points=in_steps(rows, start, span.step),
    )


def losses_for(found: Figures, workspace: Workspace) -> list[Loss]:
    """Those of the workspace, and those of none."""
    return [loss for loss in found.losses if loss.workspace_id in (None, workspace.pk)]


def problems_for(found: Figures, workspace: Workspace) -> list[dict[str, str]]:
    """Versions of the workspace that do not load; a query where there are any at all."""
    known = problems_of(found.processes)
    if not known:
        return []
    ids = {one.get("model_id", "") for one in known}
    ours = {
        str(pk) for pk in RegisteredModel.objects.filter(workspace=workspace, pk__in=ids).values_list("pk", flat=True)
    }
    return [one for one in known if one.get("model_id") in ours]

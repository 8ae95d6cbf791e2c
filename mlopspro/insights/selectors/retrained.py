"""Retrainings a month, how each ended, what the gate measured, and what came of it live; and what was rolled back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from experiments.models import StageChange
from experiments.services.gate import is_relative
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.promotions import Production, Promotion
from mlopspro.insights.selectors.span import Span
from retraining.models import Retraining, RetrainingStep

STATES = ("promoted", "held", "rolled_back", "failed", "stopped", "open")


@dataclass(frozen=True)
class Gain:
    """What the gate measured: by how much the new version is better than production's on the newest data."""

    label: str
    improvement: float
    relative: bool

    @property
    def words(self) -> str:
        sign = "+" if self.improvement >= 0 else "\u2212"
        size = abs(self.improvement)
        return f"{sign}{100 * size:.1f}\u202f%" if self.relative else f"{sign}{size:.3f}"


@dataclass(frozen=True)
class Brought:
    """One retraining. ``promotion``: what its version did in production, where it came there in the period."""

    row: Retraining
    gain: Gain | None
    promotion: Promotion | None

    @property
    def state(self) -> str:
        return "open" if self.row.status.is_open else str(self.row.state)

    @property
    def began(self) -> str:
        """Why it began, where a decision did."""
        return self.row.decision.sentence if self.row.decision else "Asked for by a person."


@dataclass(frozen=True)
class Month:
    first: dt.date
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class RolledBack:
    """A version that came back into production; ``through``: page, api, command …"""

    at: dt.datetime
    model: str
    version: str
    through: str
    reason: str


@dataclass(frozen=True)
class Retrained:
    """The newest retraining first."""

    months: list[Month]
    rows: list[Brought]
    rollbacks: list[RolledBack]

    @property
    def promoted(self) -> int:
        return sum(one.state == "promoted" for one in self.rows)

    @property
    def canaries_rolled_back(self) -> int:
        return sum(one.state == "rolled_back" for one in self.rows)


def retrained(workspace: Workspace, span: Span, made: Production) -> Retrained:
    """Three queries."""
    gates = RetrainingStep.objects.filter(
        retraining__model__workspace=workspace, kind=RetrainingStep.Kind.GATE,
        retraining__started_at__gte=span.start, retraining__started_at__lt=span.end,
    )  # fmt: skip
    found = {pk: gate for pk, gate in gates.order_by("number").values_list("retraining", "evidence__gate") if gate}
    rows = Retraining.objects.filter(
        model__workspace=workspace, started_at__gte=span.start, started_at__lt=span.end
    ).select_related("model", "version", "base", "decision")
    brought = [
        Brought(one, gain_of(found.get(one.pk)), made.of(one.version_id)) for one in rows.order_by("-started_at")
    ]
    return Retrained(_months(brought, span), brought, _rollbacks(workspace, span))


def gain_of(gate: dict[str, Any] | None) -> Gain | None:
    """None where the gate could not compare."""
    improvement = (gate or {}).get("improvement")
    if gate is None or not isinstance(improvement, (int, float)):
        return None
    name = str(gate.get("headline", "")).partition(".")[2]
    relative = bool(gate.get("relative", is_relative(name)))
    return Gain(str(gate.get("label") or gate.get("headline") or ""), float(improvement), relative)


def _months(rows: list[Brought], span: Span) -> list[Month]:
    counts: dict[tuple[int, int], Counter[str]] = {}
    for one in rows:
        at = one.row.started_at.astimezone(dt.UTC)
        counts.setdefault((at.year, at.month), Counter())[one.state] += 1
    return [Month(first, dict(counts.get((first.year, first.month), {}))) for first in span.months]


def _rollbacks(workspace: Workspace, span: Span) -> list[RolledBack]:
    rows = StageChange.objects.filter(
        version__model__workspace=workspace, kind=StageChange.Kind.ROLLED_BACK, at__gte=span.start, at__lt=span.end
    ).select_related("version__model")
    return [
        RolledBack(one.at, one.version.model.name, one.version.number, one.through, one.reason)
        for one in rows.order_by("-at")
    ]

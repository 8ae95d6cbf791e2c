"""Live models at a glance: health, share of the baseline, drift, alerts, predictions an hour, retraining tier."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.attention import Proposal
from monitoring.selectors.fleet import ModelRow, fleet
from monitoring.selectors.windows import period
from retraining.models import Decision, Tier

PERIOD = "24h"
SHOWN = 25


@dataclass(frozen=True)
class Glance:
    """One live model. ``tier`` None: no policy has been evaluated yet."""

    row: ModelRow
    tier: Tier | None
    decided_at: dt.datetime | None

    @property
    def model(self) -> RegisteredModel:
        return self.row.model

    @property
    def hours(self) -> list[int]:
        """Predictions of each hour of the last 24, the last of them still going on."""
        return self.row.traffic.counts

    @property
    def state(self) -> tuple[object, ...]:
        """What the line shows."""
        row = self.row
        live = row.traffic.live
        return (
            row.model.pk, row.model.name, row.status.key, row.performance, row.drift and row.drift.verdict,
            row.drift_score, row.alerts, row.critical, self.hours, live and live.pk, self.tier, row.checked_at,
        )  # fmt: skip


@dataclass(frozen=True)
class Glances:
    """``more``: there are live models that are not shown. ``proposals`` wait for an answer."""

    rows: list[Glance]
    more: bool
    proposals: list[Proposal]


def glances(workspace: Workspace, now: dt.datetime) -> Glances:
    """Ten queries whatever the number of models; those that need somebody come first."""
    found = fleet(workspace, period(PERIOD, now=now), now=now)
    live = [row for row in found.rows if row.traffic.live is not None]
    decided = _decided([row.model.pk for row in live])
    rows = []
    for row in live[:SHOWN]:
        last = decided[row.model.pk]["last"]
        rows.append(
            Glance(row, Tier(last["tier"]) if last else None, dt.datetime.fromisoformat(last["at"]) if last else None)
        )
    return Glances(rows, len(live) > SHOWN, _proposals(live, decided))


def _decided(ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """The newest decision of each model and its open proposal: a step of an index each, in one query."""
    mine = Decision.objects.filter(model=OuterRef("pk"))
    last = mine.order_by("-at").values(found=JSONObject(tier="tier", at="at"))[:1]
    proposal = mine.filter(answer=Decision.Answer.OPEN).values(found=JSONObject(pk="pk", at="at", text="sentence"))[:1]
    rows: Any = RegisteredModel.objects.filter(pk__in=ids).order_by()
    found = rows.annotate(last=Subquery(last), proposal=Subquery(proposal))
    return {one["pk"]: one for one in found.values("pk", "last", "proposal")}


def _proposals(live: list[ModelRow], decided: dict[uuid.UUID, dict[str, Any]]) -> list[Proposal]:
    found = []
    for row in live:
        if one := decided[row.model.pk]["proposal"]:
            at = dt.datetime.fromisoformat(one["at"])
            found.append(Proposal(uuid.UUID(one["pk"]), row.model.name, one["text"], at))
    return found

"""How a model stands to its policy: judged now, and over its stored decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from experiments.services.deployments import champion
from mlopspro.accounts.models import Workspace
from retraining.models import OPEN, Decision, KillSwitch, Policy, Retraining, Tier
from retraining.policy.brakes import brakes_on
from retraining.policy.decide import decide
from retraining.policy.decision import Decision as Decided
from retraining.policy.decision import Held
from retraining.policy.decision import Judged as Trigger
from retraining.policy.inputs import Inputs
from retraining.policy.replay import Replay, what_if
from retraining.services import kill_switch, policies
from retraining.services.inputs import inputs_of
from retraining.services.policies import Agreed

MOST_MODELS = 200
SHOWN_DECISIONS = 20
SHOWN_RETRAININGS = 10
HISTORY = dt.timedelta(days=7)
POINT = dt.timedelta(hours=1)
"""Of several decisions in one stretch of this length, the history has the last."""


@dataclass(frozen=True)
class Standing:
    """``now`` is what the policy says at this moment; nothing of it is stored."""

    model: RegisteredModel
    live: Any
    agreed: Agreed
    inputs: Inputs
    now: Decided
    brakes: tuple[Held, ...]
    switch: KillSwitch
    proposal: Decision | None
    running: Retraining | None
    decisions: list[Decision]
    retrainings: list[Retraining]

    @property
    def tier(self) -> Tier:
        return Tier(self.now.tier)

    @property
    def triggers(self) -> list[Trigger]:
        """Those that apply to this model or are switched off; the manual one has its button."""
        return [one for one in self.now.triggers if one.trigger != "manual"]


@dataclass(frozen=True)
class Row:
    """A model in the list of all. ``last`` is its newest stored decision."""

    model: RegisteredModel
    live: Deployment
    mode: str
    last: Decision | None
    proposal: Decision | None
    running: Retraining | None


def standing(model: RegisteredModel, now: dt.datetime | None = None) -> Standing:
    """About twenty queries, whatever the traffic and the number of decisions."""
    agreed = policies.of(model)
    seen = inputs_of(model, agreed, now=now)
    rows = Decision.objects.filter(model=model).select_related("asked_by", "answered_by", "retraining")
    return Standing(
        model=model,
        live=champion(model),
        agreed=agreed,
        inputs=seen,
        now=decide(agreed.policy, seen),
        brakes=brakes_on(agreed.policy, seen),
        switch=kill_switch.state_of(model.workspace),
        proposal=rows.filter(answer=Decision.Answer.OPEN).first(),
        running=running(model),
        decisions=list(rows.defer("inputs", "policy")[:SHOWN_DECISIONS]),
        retrainings=_retrainings([model])[:SHOWN_RETRAININGS],
    )


def overview(workspace: Workspace) -> list[Row]:
    """Models with a version in production: five queries for all of them."""
    rows = Deployment.objects.filter(
        model__workspace=workspace, model__archived_at__isnull=True, ended_at__isnull=True,
        role=Deployment.As.CHAMPION,
    ).select_related("model", "version").order_by("model__name")[:MOST_MODELS]  # fmt: skip
    live = list(rows)
    models = [one.model for one in live]
    known = Decision.objects.filter(model__in=models)
    last = _by_model(known.defer("inputs", "policy").order_by("model_id", "-at").distinct("model_id"))
    proposed = _by_model(known.filter(answer=Decision.Answer.OPEN))
    going = _by_model(Retraining.objects.filter(model__in=models, state__in=OPEN))
    modes = {row.model_id: row.document.get("mode", "propose") for row in _policies(models)}
    return [
        Row(one.model, one, modes.get(one.model_id, "propose"), last.get(one.model_id), proposed.get(one.model_id),
            going.get(one.model_id))
        for one in live
    ]  # fmt: skip


def running(model: RegisteredModel) -> Retraining | None:
    found = Retraining.objects.filter(model=model, state__in=OPEN).select_related("base", "version", "experiment")
    return found.prefetch_related("steps").first()


def history(model: RegisteredModel, now: dt.datetime | None = None) -> list[Decision]:
    """Decisions of the last week, the oldest first: all that acted and the last of each hour, with what they saw."""
    since = (now or timezone.now()) - HISTORY
    return list(Decision.objects.raw(_HISTORY, {"model": model.pk, "since": since, "step": POINT}))


_HISTORY = """
SELECT * FROM (
    SELECT d.*, row_number() OVER (PARTITION BY date_bin(%(step)s, at, 'epoch'::timestamptz) ORDER BY at DESC) AS place
    FROM retraining_decision d WHERE model_id = %(model)s AND at >= %(since)s
) AS ranked WHERE place = 1 OR action <> 'none' ORDER BY at"""


def tried(agreed: Agreed, past: Sequence[Decision], changes: Mapping[str, Any]) -> Replay:
    """What the policy with these changes would have done at the moments of past decisions. Raises ValueError."""
    return what_if(agreed.policy, [Inputs.from_json(one.inputs) for one in past], changes)


def _retrainings(models: Iterable[RegisteredModel]) -> Any:
    rows = Retraining.objects.filter(model__in=list(models)).select_related("version", "base", "decision")
    return rows.order_by("-started_at")


def _policies(models: Iterable[RegisteredModel]) -> Any:
    return Policy.objects.filter(model__in=list(models)).only("model_id", "document")


def _by_model(rows: Iterable[Any]) -> dict[Any, Any]:
    return {row.model_id: row for row in rows}

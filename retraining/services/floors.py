"""Whether the policy's floor says anything of the version in production, and the one to agree on instead (decision D6).

The floor is held against the reference lines of the version's own test data. Where it says nothing, or the version has
no figure of its protocol at all, 85 % of the version's own baseline on the protocol it serves by is proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from experiments.models import MetricValue, ModelVersion, RegisteredModel
from experiments.services.deployments import champion
from experiments.services.gate import headline_of
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from retraining.policy.attainable import SHARE, Attainability, Baseline, attainable
from retraining.policy.policy import Performance
from retraining.policy.words import title
from retraining.services import policies
from retraining.services.inputs import LIVE
from retraining.services.policies import Agreed

RATED = "rated"
Figures = Mapping[tuple[str, str], MetricValue]


def standing(model: RegisteredModel, agreed: Agreed, live: ModelVersion | None = None) -> Attainability | None:
    """None where the trigger is off, goes by live feedback, or nothing is in production. Three queries at most."""
    rule = agreed.policy.performance
    version = live or champion(model)
    if version is None or not rule.on or rule.protocol == LIVE:
        return None
    rows = MetricValue.objects.filter(experiment=version.experiment_id, segment="all", value__isnull=False)
    known = {(row.protocol, row.name): row for row in rows}
    own = _own(version, known)
    row = known.get((rule.protocol, rule.metric))
    if row is not None:
        found = attainable(rule, row.oracle, row.everything, own)
        return _rounded(found) if found.reached is not None or own is None else None
    return _not_measured(rule, version, own) if known else None


def adopt(model: RegisteredModel, *, actor: User | None, seen: int | None = None) -> Agreed:
    """Agrees on what is proposed: a revision of the policy, audited. Raises Refused where nothing is proposed."""
    found = standing(model, policies.of(model))
    if found is None or found.proposal is None:
        raise Refused([Problem("performance.floor", "no other floor is proposed now; nothing was changed")])
    rule = found.proposal
    changes = {f"performance.{name}": getattr(rule, name) for name in ("metric", "protocol", "floor", "worse")}
    return policies.change(model, changes, actor=actor, reason=found.sentence[:500], seen=seen)


def _own(version: ModelVersion, known: Figures) -> Baseline | None:
    """What the version scored on the protocol that it serves by: lists go by the catalogue, tables by their own."""
    choice = headline_of(version)
    if choice.protocol == RATED:
        choice = replace(choice, protocol="catalogue", name="ndcg_at_10")
    row = known.get((choice.protocol, choice.name))
    if row is None or row.value is None or not row.higher_is_better:
        return None
    return Baseline(choice.name, choice.protocol, row.value)


def _not_measured(rule: Performance, version: ModelVersion, own: Baseline | None) -> Attainability:
    words = f"{version.number} has no {title('performance', rule)}, so this floor says nothing of it"
    if own is None or own.value <= 0:
        return Attainability(False, f"{words}.")
    proposal = replace(rule, metric=own.metric, protocol=own.protocol, floor=round(SHARE * own.value, 4), worse="below")
    named = f"{title('performance', proposal)} of {proposal.floor:.3g}"
    said = f"{words}. Proposed instead: {named}, {100 * SHARE:g} % of the version's own baseline of {own.value:.3g}."
    return Attainability(False, said, proposal)


def _rounded(found: Attainability) -> Attainability:
    if found.proposal is None:
        return found
    return replace(found, proposal=replace(found.proposal, floor=round(found.proposal.floor, 4)))

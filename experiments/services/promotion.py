"""Promotion, rollback and other steps between stages: one transaction each, under the lock of the model's row.

What takes time (reading files, the gate) happens before the lock; under it everything that could have changed is asked
again. Of two people at once one wins, and the other is told what happened. Constraints of the database hold the same
for anybody who would come past here: one version in production, one champion's deployment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel, Stage, StageChange
from experiments.models.job import JobStateError
from experiments.services import deployments, registry_outbox, traffic
from experiments.services.model_fields import cleaned_note
from experiments.services.promotion_blockers import (
    Assessment,
    Blocker,
    assess,
    blockers,
    in_order,
    quick_blockers,
)
from experiments.services.registry import lock
from experiments.services.spec import Problem, Refused
from experiments.services.version_files import verify_files
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Action, NotAllowed, can
from mlopspro.accounts.services import audit

__all__ = ["Blocker", "PromotionRefused", "assess", "blockers", "move", "promote", "rollback"]

SHORTEST_REASON = 10
ANY = object()
"""For ``seen_champion``: whatever is in production."""


@dataclass(frozen=True)
class _Act:
    """Who does what and why, and on which evidence."""

    kind: str
    actor: User | None
    reason: str
    through: str
    found: Assessment | None = None


class PromotionRefused(Exception):
    """Rules speak against it; ``blockers`` says which, and which of them may be overruled."""

    def __init__(self, found: Iterable[Blocker]) -> None:
        self.blockers = list(found)
        super().__init__(" ".join(blocker.message for blocker in self.blockers))


def promote(
    version: ModelVersion,
    *,
    actor: User | None,
    to_stage: str = Stage.PRODUCTION,
    reason: str = "",
    force: bool = False,
    through: str = "page",
    seen_champion: object = ANY,
) -> StageChange:
    """Brings a version to staging or production, where it takes the place of the champion, which is archived.

    Args:
        force: overrules blockers that can be; needs ``reason`` of at least 10 characters and, of a person, the right
            to deploy models.
        seen_champion: id of the version the person saw in production (None: none), where a page showed one; another
            one by now refuses the step.

    Raises:
        PromotionRefused: blockers that are not, or cannot be, overruled.
        Refused: the stage is not one to promote to, or the reason is missing.
        NotAllowed: forcing needs another role.
        JobStateError: the model changed meanwhile; nothing was done.
    """
    if to_stage not in (Stage.PRODUCTION, Stage.STAGING):
        raise Refused([Problem("to_stage", f"{to_stage!r} is not accepted; staging or production is")])
    reason = cleaned_note(reason, "reason")
    if force:
        _may_force(version, actor, reason)
    champion = deployments.champion(version.model)
    _as_seen(seen_champion, champion)
    fresh = _fetched(version)
    found = assess(fresh, to_stage)
    with transaction.atomic():
        model = lock(version.model)
        locked = _unchanged(fresh, model, champion)
        standing = in_order([*quick_blockers(locked, to_stage), *found.blockers])
        if standing and not (force and all(blocker.can_force for blocker in standing)):
            raise PromotionRefused(standing)
        act = _Act(StageChange.Kind.PROMOTED, actor, reason, through, Assessment(standing, found.gate))
        change = _bring(locked, model, to_stage, act)
        _audit("promote_model", change, model, champion)
    return change


def rollback(
    model: RegisteredModel,
    *,
    actor: User | None,
    reason: str = "",
    to_version: ModelVersion | None = None,
    through: str = "page",
    seen_champion: object = ANY,
) -> StageChange:
    """Puts the previous champion (or the former champion named) back into production; the gate is not asked.

    Raises Refused where there is no former champion, the named one never was in production, or a file of it is missing
    or damaged; JobStateError where the model changed meanwhile or is archived.
    """
    reason = cleaned_note(reason, "reason")
    champion = deployments.champion(model)
    _as_seen(seen_champion, champion)
    former = deployments.former_champions(model)
    target = to_version or next(iter(former), None)
    if target is None:
        raise Refused([Problem("to_version", f"{model.name} has no former version in production to go back to")])
    if target not in former:
        known = ", ".join(version.number for version in former) or "none"
        raise Refused([Problem("to_version", f"{target.number} was not in production before; accepted: {known}")])
    target = _fetched(target)
    if problems := verify_files(target):
        raise Refused([Problem("to_version", f"{target.number} cannot be loaded. {one}") for one in problems])
    with transaction.atomic():
        locked_model = lock(model)
        if locked_model.archived_at is not None:
            raise JobStateError(f"{model.name} is archived; restore it first.")
        locked = _unchanged(target, locked_model, champion)
        act = _Act(StageChange.Kind.ROLLED_BACK, actor, reason, through)
        change = _bring(locked, locked_model, Stage.PRODUCTION, act)
        _audit("roll_back_model", change, locked_model, champion)
    return change


def move(
    version: ModelVersion, *, actor: User | None, to_stage: str, reason: str = "", through: str = "page"
) -> StageChange:
    """Any other step: archived from anywhere (out of production: then nothing is live), back to development.

    Steps to staging and production are promotions and go by their rules. Raises as :func:`promote` does.
    """
    if to_stage in (Stage.STAGING, Stage.PRODUCTION):
        return promote(version, actor=actor, to_stage=to_stage, reason=reason, through=through)
    if to_stage not in Stage.values:
        raise Refused([Problem("to_stage", f"{to_stage!r} is not known; accepted: {', '.join(Stage.values)}")])
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        model = lock(version.model)
        locked = _fetched(version)
        if locked.stage != version.stage:
            raise JobStateError(f"This changed meanwhile: {locked.number} is now in {locked.state.label.lower()}.")
        if locked.stage == to_stage:
            raise JobStateError(f"Version {locked.number} is in {locked.state.label.lower()} already.")
        if locked.state is Stage.PRODUCTION and to_stage == Stage.DEVELOPMENT:
            raise JobStateError(f"Version {locked.number} is in production; archive it, promote another or roll back.")
        change = _bring(locked, model, to_stage, _Act(StageChange.Kind.MOVED, actor, reason, through))
        _audit("move_model_version", change, model, None)
    return change


def _may_force(version: ModelVersion, actor: User | None, reason: str) -> None:
    if len(reason) < SHORTEST_REASON:
        raise Refused(
            [
                Problem(
                    "reason", f"overruling needs a reason of at least {SHORTEST_REASON} characters, not {len(reason)}"
                )
            ]
        )
    if actor is not None and not can(actor, version.model.workspace, Action.DEPLOY_MODEL):
        raise NotAllowed(f"Overruling what speaks against a promotion needs the right to: {Action.DEPLOY_MODEL.label}.")


def _fetched(version: ModelVersion) -> ModelVersion:
    rows = ModelVersion.objects.select_related("experiment__dataset", "model__workspace", "recipe_version__recipe")
    return rows.select_related("dataset").get(pk=version.pk)


def _unchanged(version: ModelVersion, model: RegisteredModel, champion: ModelVersion | None) -> ModelVersion:
    """The version as it is under the lock. Raises JobStateError where it or the champion is no longer what it was."""
    now = deployments.champion(model)
    if (now.pk if now else None) != (champion.pk if champion else None):
        raise JobStateError(_meanwhile(now))
    locked = _fetched(version)
    if locked.stage != version.stage:
        raise JobStateError(f"This changed meanwhile: {locked.number} is now in {locked.state.label.lower()}.")
    locked.model = model
    return locked


def _as_seen(seen: object, champion: ModelVersion | None) -> None:
    if seen is not ANY and seen != (champion.pk if champion is not None else None):
        raise JobStateError(_meanwhile(champion))


def _meanwhile(champion: ModelVersion | None) -> str:
    live = f"version {champion.number}" if champion is not None else "no version"
    return f"This changed meanwhile: {live} is now in production. Nothing was done; look again and decide anew."


def _bring(version: ModelVersion, model: RegisteredModel, to_stage: str, act: _Act) -> StageChange:
    """The step itself, under the lock: stages, deployments, history and what MLflow is to be told."""
    before = registry_outbox.aliases(model)
    champion = deployments.champion(model)
    at = timezone.now()
    if to_stage == Stage.PRODUCTION:
        at = deployments.take_over(model, version, at=at, actor=act.actor, reason=act.reason)
        if champion is not None:
            # First, so that there are never two; the database would refuse it.
            by = f"{'Rolled back to' if act.kind == StageChange.Kind.ROLLED_BACK else 'Replaced by'} {version.number}."
            _step(champion, Stage.ARCHIVED, replace(act, kind=StageChange.Kind.REPLACED, reason=by, found=None), at)
    elif champion is not None and champion.pk == version.pk:
        at = deployments.take_over(model, None, at=at, actor=act.actor, reason=act.reason)
    change = _step(version, to_stage, act, at)
    traffic.follow_step(model, version, at=at, actor=act.actor)
    registry_outbox.tell_aliases(model, before)
    return change


def _step(version: ModelVersion, to_stage: str, act: _Act, at: dt.datetime) -> StageChange:
    found = act.found
    change = StageChange.objects.create(
        version=version,
        kind=act.kind,
        from_stage=version.stage,
        to_stage=to_stage,
        at=at,
        by=act.actor,
        through=act.through,
        reason=act.reason,
        forced=bool(found and found.blockers),
        blockers=[blocker.document() for blocker in found.blockers] if found else [],
        gate=found.gate.document() if found and found.gate else {},
    )
    version.stage, version.stage_changed_at = to_stage, at
    version.save(update_fields=["stage", "stage_changed_at"])
    return change


def _audit(action: str, change: StageChange, model: RegisteredModel, champion: ModelVersion | None) -> None:
    before = {"stage": change.from_stage} | ({"production": champion.number} if champion is not None else {})
    audit.record(
        action=action,
        actor=change.by,
        workspace=model.workspace,
        obj=change.version,
        before=before,
        after={"stage": change.to_stage, "through": change.through, "forced": change.forced},
        reason=change.reason,
    )

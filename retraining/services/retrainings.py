"""Retrainings from outside: beginning one, stopping it, letting its canary into production. A driver does the rest."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel, RunType
from experiments.models.job import JobStateError
from experiments.services import registry
from experiments.services.deployments import champion
from experiments.services.model_fields import cleaned_note
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from retraining.models import OPEN, Decision, Retraining
from retraining.plan import Plan
from retraining.services import kill_switch, steps
from retraining.services.steps import Kind, State
from retraining.trial import canary


def begin(
    model: RegisteredModel,
    *,
    decision: Decision | None = None,
    actor: User | None = None,
    through: str,
    plan: dict[str, Any] | None = None,
) -> Retraining:
    """The row of a new retraining; a driver takes it up within seconds. Audited.

    ``plan`` is as ``retraining.plan.Plan.to_json``; what is left out takes its default. Raises Refused: the kill switch
    is on, nothing is in production, its model was not trained here, one is under way, or the plan does not hold.
    """
    agreed = _plan(plan or {})
    if kill_switch.is_on(model.workspace):
        raise Refused([Problem("model", "the kill switch is on; an administrator turns it off")])
    with transaction.atomic():
        locked = registry.lock(model)
        base = champion(locked)
        problems = _problems(locked, base)
        if problems or base is None:
            raise Refused(problems)
        try:
            with transaction.atomic():
                made = Retraining.objects.create(
                    model=locked, base=base, decision=decision, plan=agreed.to_json(), started_by=actor
                )
        except IntegrityError as error:
            raise Refused([_under_way(locked)]) from error
        audit.record(
            action="start_retraining",
            actor=actor,
            workspace=locked.workspace,
            obj=made,
            label=f"Retraining of {locked.name}",
            after={"through": through, "base": base.number, "plan": made.plan},
            reason=decision.sentence if decision is not None else "",
        )
    return made


def stop(retraining: Retraining, *, actor: User | None, reason: str = "") -> Retraining:
    """Ends it where it is: production stays as it is, a canary's users go back to the champion. Audited.

    Raises JobStateError where it has ended.
    """
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        row = Retraining.objects.select_for_update(of=("self",)).select_related(*steps.RELATED).get(pk=retraining.pk)
        if not State(row.state).is_open:
            raise JobStateError(f"This retraining has ended: {State(row.state).label.lower()}.")
        row.stop_requested_at, row.stop_requested_by = timezone.now(), actor
        row.save(update_fields=["stop_requested_at", "stop_requested_by"])
        said = f"Stopped by {actor}" if actor is not None else "Stopped"
        steps.end(row, State.STOPPED, f"{said}: {reason}" if reason else f"{said}.", actor=actor, reason=reason)
    return row


def approve(retraining: Retraining, *, actor: User | None, reason: str = "") -> Retraining:
    """Lets a canary at its last step into production once its guard-rails hold. Audited.

    Raises JobStateError where it does not wait for anybody.
    """
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        row = Retraining.objects.select_for_update(of=("self",)).select_related(*steps.RELATED).get(pk=retraining.pk)
        step = steps.running(row, Kind.CANARY)
        plan = Plan.from_json(row.plan)
        if row.state != State.CANARY or step is None or plan.promote != "ask":
            raise JobStateError(f"It waits for nobody: {State(row.state).label.lower()}. {row.sentence}".strip())
        at = canary.State.from_json(step.evidence["canary"]).step
        if at < len(plan.canary.shares) - 1:
            raise JobStateError("Its canary has not come to its last step yet; it can be approved from then on.")
        step.evidence = step.evidence | {
            "approved": {"by": str(actor) if actor else "", "id": str(actor.pk) if actor else "", "reason": reason}
        }
        step.save(update_fields=["evidence"])
        audit.record(
            action="approve_retraining",
            actor=actor,
            workspace=row.model.workspace,
            obj=row,
            label=f"Retraining of {row.model.name}",
            after={"version": row.version.number if row.version else ""},
            reason=reason,
        )
    return row


def _plan(given: dict[str, Any]) -> Plan:
    try:
        return Plan.from_json(given)
    except ValueError as error:
        name, _, text = str(error).partition(": ")
        raise Refused([Problem(f"plan.{name}", text or str(error))]) from error


def _problems(model: RegisteredModel, base: ModelVersion | None) -> list[Problem]:
    if model.archived_at is not None:
        return [Problem("model", f"{model.name} is archived; restore it first")]
    if base is None:
        return [Problem("model", f"{model.name} has no version in production; promote one first")]
    if Retraining.objects.filter(model=model, state__in=OPEN).exists():
        return [_under_way(model)]
    if base.experiment.is_logged or base.experiment.run_type != RunType.TRAIN:
        return [Problem("model", f"{base.number} was not trained here, so it cannot be trained again")]
    return []


def _under_way(model: RegisteredModel) -> Problem:
    return Problem("model", f"a retraining of {model.name} is under way; accepted: one at a time")

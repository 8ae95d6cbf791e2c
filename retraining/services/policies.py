"""The policy of a model: its row or the defaults, and who changed it when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.models import RegisteredModel
from experiments.services.model_fields import cleaned_note
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from retraining import models
from retraining.plan import Plan
from retraining.policy.policy import Policy

PLAN = "plan."


@dataclass(frozen=True)
class Agreed:
    """What holds for a model now. ``row`` is None while nobody and nothing has needed one: then it is the default."""

    policy: Policy
    plan: Plan
    revision: int
    row: models.Policy | None


def of(model: RegisteredModel) -> Agreed:
    """One query."""
    return _agreed(models.Policy.objects.filter(model=model).select_related("updated_by").first())


def locked(model: RegisteredModel) -> models.Policy:
    """The row under its lock, made where there is none: the schedule counts from then on. Needs a transaction."""
    models.Policy.objects.get_or_create(model=model, defaults={"document": Policy().to_json()})
    return models.Policy.objects.select_for_update().get(model=model)


def agreed(row: models.Policy) -> Agreed:
    return _agreed(row)


def change(
    model: RegisteredModel, changes: Mapping[str, Any], *, actor: User | None, reason: str = "", seen: int | None = None
) -> Agreed:
    """The policy with other values by dotted names ("drift.above", "mode", "brakes.daily_cap"). Audited.

    ``seen``: the revision on the page of who asks. Raises Refused, naming field, value and what is accepted, or that
    somebody else changed it meanwhile.
    """
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        row = locked(model)
        if seen is not None and row.revision != seen:
            raise Refused(
                [Problem("revision", f"the policy was changed meanwhile (it is revision {row.revision} now)")]
            )
        before, plan = _agreed(row).policy, _agreed(row).plan
        after, planned = _changed(before, plan, changes)
        if (after, planned) == (before, plan):
            return _agreed(row)
        if (before.schedule, before.zone, before.mode) != (after.schedule, after.zone, after.mode):
            row.schedule_since = timezone.now()  # slots that went by under other rules are not caught up
        row.document, row.plan, row.revision = after.to_json(), planned.to_json(), row.revision + 1
        row.updated_by, row.updated_at = actor, timezone.now()
        row.save()
        audit.record(
            action="change_policy",
            actor=actor,
            workspace=model.workspace,
            obj=row,
            label=f"Retraining policy of {model.name}",
            before=_told(before, plan, changes),
            after=_told(after, planned, changes),
            reason=reason,
        )
    return _agreed(row)


def _changed(policy: Policy, plan: Plan, changes: Mapping[str, Any]) -> tuple[Policy, Plan]:
    """Names that begin with "plan." change the plan, the others the policy."""
    of_plan = {name.removeprefix(PLAN): value for name, value in changes.items() if name.startswith(PLAN)}
    of_policy = {name: value for name, value in changes.items() if not name.startswith(PLAN)}
    try:
        after = policy.changed(of_policy)
    except ValueError as error:
        raise _refused("", error) from error
    try:
        return after, plan.changed(of_plan)
    except ValueError as error:
        raise _refused(PLAN, error) from error


def _refused(prefix: str, error: ValueError) -> Refused:
    name, _, text = str(error).partition(": ")
    return Refused([Problem(prefix + name, text or str(error))])


def _agreed(row: models.Policy | None) -> Agreed:
    if row is None:
        return Agreed(Policy(), Plan(), 0, None)
    return Agreed(Policy.from_json(row.document), Plan.from_json(row.plan), row.revision, row)


def _told(policy: Policy, plan: Plan, names: Iterable[str]) -> dict[str, Any]:
    document = policy.to_json() | {"plan": plan.to_json()}
    found = {}
    for name in names:
        value: Any = document
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        found[name] = value
    return found

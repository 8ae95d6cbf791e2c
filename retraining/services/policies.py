"""The policy of a model: its row or the defaults, and who changed it when."""

from __future__ import annotations

from collections.abc import Mapping
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
from retraining.policy.policy import Policy


@dataclass(frozen=True)
class Agreed:
    """What holds for a model now. ``row`` is None while nobody and nothing has needed one: then it is the default."""

    policy: Policy
    plan: dict[str, Any]
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
        before = _agreed(row).policy
        try:
            after = before.changed(changes)
        except ValueError as error:
            name, _, text = str(error).partition(": ")
            raise Refused([Problem(name, text or str(error))]) from error
        if after == before:
            return _agreed(row)
        if (before.schedule, before.zone, before.mode) != (after.schedule, after.zone, after.mode):
            row.schedule_since = timezone.now()  # slots that went by under other rules are not caught up
        row.document, row.revision = after.to_json(), row.revision + 1
        row.updated_by, row.updated_at = actor, timezone.now()
        row.save()
        audit.record(
            action="change_policy",
            actor=actor,
            workspace=model.workspace,
            obj=row,
            label=f"Retraining policy of {model.name}",
            before={name: _at(before.to_json(), name) for name in changes},
            after={name: _at(after.to_json(), name) for name in changes},
            reason=reason,
        )
    return _agreed(row)


def _agreed(row: models.Policy | None) -> Agreed:
    if row is None:
        return Agreed(Policy(), {}, 0, None)
    return Agreed(Policy.from_json(row.document), row.plan, row.revision, row)


def _at(document: Any, name: str) -> Any:
    for part in name.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document

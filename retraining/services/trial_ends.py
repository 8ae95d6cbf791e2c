"""How a trial ends, whoever ends it: its versions stop answering and the last verdict is kept.

Locks are taken in one order everywhere: the trial's row, then the model's. Who answers is changed under both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.models import Deployment, ModelVersion
from experiments.models.job import JobStateError
from experiments.services import registry, traffic
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from retraining.models import Trial, TrialArm

State = Trial.State
UNREAD: dict[str, Any] = {
    "outcome": "not_enough",
    "sentence": "It was not read yet.",
    "winner": None,
    "users": 0,
    "planned_users": 0,
    "harmful": [],
    "split": {"users": 0, "p_value": None, "always_valid_p": None, "alarm": False, "sentence": ""},
    "variants": [],
    "left_out": {"nameless": 0, "crossed": 0, "returned": 0, "days": [], "sentence": ""},
}
"""The verdict of a trial that has no reading; every other one has the same keys."""


@contextmanager
def locked(trial: Trial) -> Iterator[Trial]:
    """A transaction under the locks of the trial and its model; the row as it is now."""
    with transaction.atomic():
        row = Trial.objects.select_for_update(of=("self",)).select_related("model__workspace").get(pk=trial.pk)
        row.model = registry.lock(row.model)
        yield row


def require(row: Trial, state: str, act: str) -> None:
    """Raises JobStateError where the trial is in another state."""
    if row.state != state:
        raise JobStateError(f"{row.name} is {row.get_state_display().lower()}; only a {State(state).label.lower()} "
                            f"trial can be {act}.")  # fmt: skip


def role_of(trial: Trial) -> str:
    """In which the variants answer."""
    return traffic.INTERLEAVED if trial.kind == Trial.Kind.INTERLEAVING else traffic.CHALLENGER


def answering(trial: Trial, arm: TrialArm) -> Deployment | None:
    """The running row of a variant. Somebody who changed its share closed the row it began with and opened another."""
    rows = Deployment.objects.filter(version=arm.version_id, role=role_of(trial), ended_at__isnull=True)
    return rows.select_related("version", "model").first()


def withdraw(trial: Trial, arm: TrialArm, *, actor: User | None, reason: str) -> bool:
    """The variant answers no more; its users go back to the champion. False where it had stopped already."""
    running = answering(trial, arm)
    if running is None:
        return False
    traffic.end(running, actor=actor, reason=reason)
    return True


def end(row: Trial, sentence: str, *, actor: User | None, reason: str = "", winner: ModelVersion | None = None) -> None:
    """Ends a locked trial that runs. ``winner``: where it is not the one that the last verdict names. Audited."""
    arms = list(row.arms.select_related("version"))
    for arm in arms:
        if not arm.is_control:
            withdraw(row, arm, actor=actor, reason=sentence)
    last = row.readings.order_by("-at").values_list("verdict", flat=True).first() or UNREAD
    named = next((arm.version for arm in arms if arm.version.number == last["winner"]), None)
    row.state, row.ended_at = State.ENDED, max(timezone.now(), row.started_at or row.created_at)
    row.verdict, row.winner, row.next_reading_at = last | {"ended": sentence}, winner or named, None
    row.save(update_fields=["state", "ended_at", "verdict", "winner", "next_reading_at"])
    audit.record(
        action="end_trial",
        actor=actor,
        workspace=row.model.workspace,
        obj=row,
        before={"state": State.RUNNING},
        after={"outcome": last["outcome"], "winner": last["winner"], "sentence": sentence},
        reason=reason,
    )

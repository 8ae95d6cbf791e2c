"""The rows of a retraining's steps, written under the lock of its own row.

What a step does and the row that says so are one transaction wherever that is possible. A driver that lost its place
(somebody stopped the retraining, or another driver was faster) finds the row changed and does nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.models import DatasetImport, Experiment, ModelVersion, Stage
from experiments.models.job import ACTIVE
from experiments.services import promotion
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from retraining.models import Retraining, RetrainingStep
from retraining.services.composing import import_id

Kind, StepState, State = RetrainingStep.Kind, RetrainingStep.State, Retraining.State
THROUGH = "retraining"
RELATED = (
    "model__workspace",
    "base__experiment__dataset",
    "base__experiment__recipe_version",
    "base__dataset",
    "base__model",
    "started_by",
    "experiment",
    "version__model",
    "dataset",
    "decision",
)


class Meanwhile(Exception):
    """The retraining is no longer where it was; nothing was done."""


def fetched(pk: uuid.UUID) -> Retraining:
    """The row as it is now, with what its stages read."""
    return Retraining.objects.select_related(*RELATED).get(pk=pk)


@contextmanager
def locked(retraining: Retraining) -> Iterator[Retraining]:
    """A transaction under the lock of the row. Raises Meanwhile where it left the state it was in."""
    with transaction.atomic():
        row = Retraining.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=retraining.pk)
        if row.state != retraining.state or not State(row.state).is_open:
            raise Meanwhile
        yield row


def running(row: Retraining, kind: str) -> RetrainingStep | None:
    """The step of this kind that is under way."""
    return row.steps.filter(kind=kind, state=StepState.RUNNING).order_by("-number").first()


def begin(
    row: Retraining, kind: str, sentence: str, evidence: dict[str, Any] | None = None, *, at: dt.datetime
) -> RetrainingStep:
    """The next step of a locked row."""
    last = row.steps.order_by("-number").values_list("number", flat=True).first() or 0
    say(row, sentence)
    return RetrainingStep.objects.create(
        retraining=row, number=last + 1, kind=kind, sentence=sentence, evidence=evidence or {}, started_at=at
    )


def finish(step: RetrainingStep, state: str, sentence: str, evidence: dict[str, Any] | None = None) -> None:
    step.state, step.sentence = state, sentence
    step.evidence = step.evidence | (evidence or {})
    step.ended_at = max(timezone.now(), step.started_at)
    step.save()


def say(row: Retraining, sentence: str) -> None:
    """What it does or waits for now; written only where that is news."""
    if row.sentence != sentence:
        row.sentence = sentence
        row.save(update_fields=["sentence"])


def note(step: RetrainingStep, sentence: str, evidence: dict[str, Any]) -> None:
    """What a step that goes on has found so far; written only where that is news."""
    if (step.sentence, step.evidence) != (sentence, step.evidence | evidence):
        step.sentence, step.evidence = sentence, step.evidence | evidence
        step.save(update_fields=["sentence", "evidence"])


def end(row: Retraining, state: str, sentence: str, *, actor: User | None = None, reason: str = "") -> None:
    """Ends a locked row: what runs for it is asked to stop, the canary's users go back to the champion.

    Last comes the row itself, so that nobody who waits for it also waits for the model that this holds.
    """
    if state != State.PROMOTED:
        _withdraw(row, sentence)
    for step in row.steps.filter(state=StepState.RUNNING):
        finish(step, _STEP_ENDS.get(State(state), StepState.STOPPED), sentence)
    audit.record(
        action="end_retraining",
        actor=actor,
        workspace=row.model.workspace,
        obj=row,
        label=f"Retraining of {row.model.name}",
        before={"state": row.state},
        after={"state": state, "sentence": sentence},
        reason=reason,
    )
    row.state, row.sentence, row.ended_at = state, sentence, max(timezone.now(), row.started_at)
    row.save(update_fields=["state", "sentence", "ended_at"])


_STEP_ENDS = {
    State.PROMOTED: StepState.DONE,
    State.HELD: StepState.REFUSED,
    State.ROLLED_BACK: StepState.REFUSED,
    State.FAILED: StepState.FAILED,
}


def _withdraw(row: Retraining, why: str) -> None:
    version = ModelVersion.objects.select_related("model").get(pk=row.version_id) if row.version_id else None
    if version is not None and version.stage == Stage.STAGING:
        promotion.move(version, actor=None, to_stage=Stage.DEVELOPMENT, reason=why, through=THROUGH)
    evaluation = row.steps.filter(kind=Kind.GATE).values_list("evidence__evaluation", flat=True).last()
    runs = [pk for pk in (row.experiment_id, evaluation) if pk]
    jobs = [
        *Experiment.objects.filter(pk__in=runs, status__in=list(ACTIVE)),
        *DatasetImport.objects.filter(pk=import_id(row.pk), status__in=list(ACTIVE)),
    ]
    for job in jobs:
        lifecycle.request_stop(job, None)

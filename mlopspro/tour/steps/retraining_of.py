"""The retraining that the decision began, as the steps after it wait for it."""

from __future__ import annotations

from mlopspro.tour.scene import Scene, StepFailed
from retraining.models import Retraining, RetrainingStep

Kind, State = RetrainingStep.Kind, Retraining.State


def retraining_of(scene: Scene) -> Retraining:
    """Raises StepFailed where it ended without a promotion, with its own words."""
    row = Retraining.objects.select_related("base", "version", "dataset", "experiment").get(
        decision=scene.facts["decision"]
    )
    if row.ended_at is not None and row.state != State.PROMOTED:
        raise StepFailed(f"The retraining ended: {row.get_state_display()}. {row.sentence}")
    return row


def done(row: Retraining, kind: str) -> RetrainingStep | None:
    """The last of its steps of this kind that is done."""
    return row.steps.filter(kind=kind, state=RetrainingStep.State.DONE).order_by("-number").first()


def doing(row: Retraining) -> str:
    """What it does now, or waits for."""
    step = row.steps.order_by("-number").first()
    said = row.sentence or (step.sentence if step is not None else "")
    return said or "It begins in a few seconds."

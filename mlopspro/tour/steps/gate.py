"""The gate: both versions are judged on the newest opinions, which neither has learnt."""

from __future__ import annotations

from django.urls import reverse

from mlopspro.tour.scene import Link, Outcome, Scene, Step
from mlopspro.tour.steps.retraining_of import Kind, doing, done, retraining_of
from retraining.models import RetrainingStep


def run(scene: Scene) -> Outcome:
    step = scene.wait(lambda: _passed(scene), lambda: doing(retraining_of(scene)))
    row = retraining_of(scene)
    scene.keep(canary_at=step.ended_at.isoformat() if step.ended_at else "")
    if row.version is None:
        return Outcome(step.sentence)
    return Outcome(
        step.sentence,
        (Link("The new version", reverse("experiments:model_version", args=[row.model_id, row.version.pk])),),
    )


def _passed(scene: Scene) -> RetrainingStep | None:
    return done(retraining_of(scene), Kind.GATE)


STEP = Step(
    "gate",
    "The gate",
    "Retraining is no improvement by itself: without a clear gain production stays as it is.",
    240,
    run,
)

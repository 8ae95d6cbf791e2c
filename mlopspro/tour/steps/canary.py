"""The canary: the new version earns its people step by step, then it is promoted."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from mlopspro.tour.scene import Link, Outcome, Scene, Step
from mlopspro.tour.steps.retraining_of import Kind, State, doing, done, retraining_of
from retraining.models import Retraining


def run(scene: Scene) -> Outcome:
    row = scene.wait(lambda: _promoted(scene), lambda: doing(retraining_of(scene)), lambda: _progress(scene))
    shares = [f"{100 * step.evidence['share']:g} %" for step in row.steps.filter(kind=Kind.CANARY).order_by("number")]
    ended = row.ended_at
    scene.keep(promoted_at=ended.isoformat() if ended else "", retrained_in=_seconds(row))
    return Outcome(
        f"It answered {', '.join(shares)} of the people; quality, errors and speed held against {row.base.number}. "
        f"{row.sentence}",
        (
            Link("Each step with its evidence", reverse("retraining:run", args=[row.pk])),
            Link("The history of production", reverse("experiments:model", args=[row.model_id])),
        ),
    )


def _promoted(scene: Scene) -> Retraining | None:
    row = retraining_of(scene)
    return row if row.state == State.PROMOTED else None


def _progress(scene: Scene) -> Any:
    row = retraining_of(scene)
    steps = len(row.plan.get("canary", {}).get("shares", [])) or 3
    finished = row.steps.filter(kind=Kind.CANARY, state="done").count()
    return finished / steps if done(row, Kind.GATE) is not None else None


def _seconds(row: Retraining) -> float:
    return (row.ended_at - row.started_at).total_seconds() if row.ended_at else 0.0


STEP = Step(
    "canary",
    "The canary",
    "What wins on paper may lose with people: a broken guard-rail sends everybody back at once.",
    300,
    run,
)

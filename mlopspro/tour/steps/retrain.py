"""The retraining: old data and what people said since become a dataset, and the same recipe is trained on it."""

from __future__ import annotations

from django.urls import reverse

from mlopspro.core.formats import number
from mlopspro.tour.scene import Link, Outcome, Scene, Step
from mlopspro.tour.steps.retraining_of import Kind, doing, done, retraining_of
from retraining.models import Retraining


def run(scene: Scene) -> Outcome:
    row = scene.wait(lambda: _registered(scene), lambda: doing(retraining_of(scene)))
    scene.keep(retraining=str(row.pk), retrained=str(row.version_id))
    composed = done(row, Kind.COMPOSE)
    counts = composed.evidence.get("counts", {}) if composed is not None else {}
    links = [Link("The retraining", reverse("retraining:run", args=[row.pk]))]
    if row.dataset is not None:
        links.append(Link("Its data", reverse("experiments:dataset", args=[row.dataset.pk])))
    if row.experiment is not None:
        links.append(Link("Its run", reverse("experiments:experiment", args=[row.experiment.pk])))
    number_of = row.version.number if row.version is not None else ""
    return Outcome(
        f"{number(counts.get('learnt_new', 0))} new opinions to learn from; the newest "
        f"{number(counts.get('holdout', 0))} of {number(counts.get('holdout_users', 0))} people are kept apart to "
        f"judge by. Trained and registered as {number_of}, {_seconds(row):.0f} s after the decision.",
        tuple(links),
    )


def _registered(scene: Scene) -> Retraining | None:
    row = retraining_of(scene)
    return row if done(row, Kind.REGISTER) is not None else None


def _seconds(row: Retraining) -> float:
    registered = done(row, Kind.REGISTER)
    if registered is None or registered.ended_at is None:
        return 0.0
    return (registered.ended_at - row.started_at).total_seconds()


STEP = Step(
    "retrain",
    "Retrain",
    "New data is what people said of lists; replaying the old would teach nothing, and the product knows that.",
    300,
    run,
)

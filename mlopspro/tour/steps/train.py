"""Training: three architectures on the same data and split, by the training workers."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from experiments.learning.recommenders import registry as architectures
from experiments.models import Experiment, JobStatus
from experiments.services import launch
from experiments.services.spec import LaunchSpec
from mlopspro.core.formats import metric
from mlopspro.tour.scene import Link, Outcome, Scene, Step, StepFailed

ASKED: dict[str, dict[str, Any]] = {
    "ease": {"positive_from": 0.75, "regularization": 100},
    "implicit_als": {"positive_from": 0.75},
    "hybrid": {"epochs": 5},
}
"""Architectures with what differs from their defaults. The hybrid is a Keras network that also reads features."""


def run(scene: Scene) -> Outcome:
    runs = [_launched(scene, key) for key in ASKED]
    scene.keep(runs=[str(one.pk) for one in runs])
    keys = [one.pk for one in runs]
    done = scene.wait(
        lambda: _ended(keys),
        lambda: _waits(keys),
        lambda: Experiment.objects.filter(pk__in=keys, status=JobStatus.COMPLETED).count() / len(keys),
    )
    broken = [one for one in done if one.state is not JobStatus.COMPLETED]
    if broken:
        raise StepFailed(f"{broken[0].name} did not succeed: {broken[0].failure_reason}")
    figures = ", ".join(f"{_label(one)} {metric(_ndcg(one))}" for one in done)
    seconds = sum(_seconds(one) for one in done)
    return Outcome(
        f"NDCG@10 on held-out ratings, ranked among all films: {figures}. {seconds:.0f} s of training in all.",
        tuple(Link(_label(one), reverse("experiments:experiment", args=[one.pk])) for one in done),
    )


def _launched(scene: Scene, key: str) -> Experiment:
    """The same run however often it is asked for: the key of the tour and the architecture finds it again."""
    spec = LaunchSpec.model_validate(
        {
            "name": f"{scene.name}: {architectures.get(key).label}",
            "dataset": scene.facts["dataset"],
            "architecture": key,
            "parameters": ASKED[key],
            "split": {"method": "random"},
            "trackers": ["mlflow"],
            "tags": ["tour"],
        }
    )
    return launch.launch(
        workspace=scene.workspace,
        actor=scene.owner,
        spec=spec,
        through="command",
        idempotency_key=f"tour {scene.tour.pk} {key}",
    )


def _ended(keys: list[Any]) -> list[Experiment] | None:
    rows = {one.pk: one for one in Experiment.objects.filter(pk__in=keys)}
    found = [rows[key] for key in keys]
    return None if any(one.is_active for one in found) else found


def _waits(keys: list[Any]) -> str:
    rows = Experiment.objects.filter(pk__in=keys).order_by("queued_at")
    return ", ".join(f"{_label(one)} {_doing(one)}" for one in rows) + "."


def _doing(run: Experiment) -> str:
    epochs = f" (epoch {run.progress_done} of {run.progress_total})" if run.is_active and run.progress_total else ""
    return f"{run.status_label.lower()}{epochs}"


def _label(run: Experiment) -> str:
    return architectures.get(run.architecture).label


def _ndcg(run: Experiment) -> float | None:
    found: float | None = (run.metrics or {}).get("catalogue", {}).get("ndcg_at_10")
    return found


def _seconds(run: Experiment) -> float:
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return (run.finished_at - run.started_at).total_seconds()


STEP = Step(
    "train",
    "Train three architectures",
    "Nobody knows beforehand which one suits the data; each run keeps its parameters, seed, data and code.",
    300,
    run,
)

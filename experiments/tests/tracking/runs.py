"""Runs as the training process leaves them: rows, and the outbox entries written beside them."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.utils import timezone

from experiments.models import Artifact, EpochMetrics, Experiment, JobStatus, MetricValue
from experiments.services import outbox
from experiments.tests.factories import make_experiment


def launched(*trackers: str, **fields: object) -> Experiment:
    experiment = make_experiment(trackers=list(trackers), **fields)
    outbox.open_mirrors(experiment)
    return experiment


def train(experiment: Experiment, epochs: int, *, first: int = 1) -> None:
    """Rows and entries of these epochs."""
    experiment.status = JobStatus.RUNNING
    experiment.started_at = experiment.started_at or timezone.now()
    experiment.total_parameters = 1234
    experiment.save()
    outbox.record_start(experiment)
    for number in range(first, first + epochs):
        recorded_at = timezone.now()
        values = {"train_loss": 1 / number, "val_loss": 1 / number + 0.5}
        EpochMetrics.objects.create(experiment=experiment, epoch=number, values=values, recorded_at=recorded_at)
        outbox.record_epoch(experiment, number, values, recorded_at)


def finish(experiment: Experiment, status: str = JobStatus.COMPLETED) -> None:
    """Metrics, an artifact on disk, and the end."""
    if status == JobStatus.COMPLETED:
        for protocol, name, value in (("rated", "precision_at_10", 0.8), ("pointwise", "rmse", 0.93)):
            MetricValue.objects.create(
                workspace_id=experiment.workspace_id, experiment=experiment, protocol=protocol, name=name, value=value
            )
        outbox.record_metrics(experiment)
        add_file(experiment)
        outbox.record_artifacts(experiment)
    experiment.status = status
    experiment.failure_reason = "it broke" if status == JobStatus.FAILED else ""
    experiment.finished_at = timezone.now() + dt.timedelta(milliseconds=1)
    experiment.save()
    outbox.record_end(experiment, experiment.status)


def add_file(experiment: Experiment, name: str = "metrics.json", content: bytes = b'{"rmse": 0.93}') -> Artifact:
    path = experiment.path / "artifacts-1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Artifact.objects.create(
        experiment=experiment,
        name=name,
        kind="json",
        path=f"{experiment.folder}/artifacts-1/{name}",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )

"""Rows that pages show: runs in each state with everything a real one leaves behind."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from experiments.models import (
    Artifact,
    Dataset,
    DatasetImport,
    EpochMetrics,
    EvaluationDetail,
    Experiment,
    JobStatus,
    LogLine,
    MetricValue,
    OutboxEntry,
    TrackerRun,
)
from experiments.services import importing
from experiments.tests.factories import make_dataset, make_experiment
from mlopspro.accounts.models import User, Workspace

PROTOCOLS = {
    "rated": {"relevant_from": 4.0, "cut": 3.62, "ks": [10, 50, 100]},
    "catalogue": {"relevant_from": 4.0, "ks": [10, 50, 100]},
    "pointwise": {},
}
RATINGS_CSV = "userId,movieId,rating,timestamp\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5},{1_000_000_000 + user * 1000 + item}\n"
    for user in range(1, 31)
    for item in range(1, 21)
    if (user + item) % 3
)


def running_run(workspace: Workspace, **fields: Any) -> Experiment:
    now = timezone.now()
    values: dict[str, Any] = {
        "name": "running run",
        "architecture": "hybrid",
        "model_type": "hybrid",
        "parameters": {"epochs": 10},
        "status": JobStatus.RUNNING,
        "attempt": 1,
        "started_at": now - dt.timedelta(seconds=40),
        "phase": "Training",
        "phase_started_at": now - dt.timedelta(seconds=30),
        "progress_done": 3,
        "progress_total": 10,
        "lease_until": now + dt.timedelta(seconds=600),
        "heartbeat_at": now,
    }
    run = make_experiment(workspace, **(values | fields))
    add_epochs(run, run.progress_done)
    return run


def finished_run(workspace: Workspace, author: User | None = None, **fields: Any) -> Experiment:
    """A completed run with metrics, curves, files, a log and two mirrors."""
    now = timezone.now()
    values: dict[str, Any] = {
        "name": "finished run",
        "architecture": "hybrid",
        "model_type": "hybrid",
        "status": JobStatus.COMPLETED,
        "parameters": {"epochs": 5, "learning_rate": 0.001, "biases": False},
        "attempt": 1,
        "created_by": author,
        "started_at": now - dt.timedelta(seconds=72),
        "finished_at": now,
        "tags": ["baseline"],
        "notes": "A first look.",
        "timings": {"read": 0.2, "train": 5.0, "evaluate": 0.4, "save": 0.1},
        "best_epoch": 4,
        "total_parameters": 81_000,
        "environment": {
            "commit": "0123456789abcdef",
            "python": "3.11.9",
            "host": "trainer",
            "machine": "x86_64",
            "processors": 2,
            "platform": "Linux",
            "packages": {"numpy": "2.4.6"},
        },
        "metrics": {
            "rated": {"f1_at_10": 0.78, "precision_at_10": 0.74, "recall_at_10": 0.82},
            "catalogue": {"ndcg_at_10": 0.004},
            "pointwise": {"rmse": 0.935, "mae": 0.74},
        },
    }
    run = make_experiment(workspace, **(values | fields))
    add_epochs(run, 5)
    add_metrics(run)
    add_file(run, "metrics.json", b'{"ndcg_at_10": 0.004}')
    LogLine.objects.bulk_create(
        LogLine(experiment=run, attempt=1, at=now, level="info", message=f"line {number}") for number in range(5)
    )
    for tracker in ("mlflow", "wandb"):
        mirror = TrackerRun.objects.create(experiment=run, tracker=tracker, last_seq=2)
        OutboxEntry.objects.create(tracker_run=mirror, seq=1, kind="start", payload={}, created_at=now)
    return run


def add_epochs(run: Experiment, count: int) -> None:
    now = timezone.now()
    EpochMetrics.objects.bulk_create(
        EpochMetrics(
            experiment=run,
            epoch=epoch,
            recorded_at=now + dt.timedelta(seconds=epoch),
            values={"train_loss": 1 / epoch, "val_loss": 1.2 / epoch, "learning_rate": 0.001},
        )
        for epoch in range(1, count + 1)
    )


def add_metrics(run: Experiment) -> None:
    shown = [
        ("rated", "f1_at_10", 0.78, 0.65),
        ("rated", "precision_at_10", 0.74, 0.55),
        ("rated", "recall_at_10", 0.82, 1.0),
    ]
    rows = [
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol=protocol,
            name=name,
            k=10,
            value=value,
            random=0.5,
            popularity=0.7,
            oracle=0.9,
            everything=everything,
            users_counted=900,
            users_left_out=43,
        )
        for protocol, name, value, everything in shown
    ]
    rows += [
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol="catalogue",
            name=f"{name}_at_{k}",
            k=k,
            value=0.004,
            random=0.002,
            popularity=0.171,
            oracle=0.99,
            users_counted=900,
            users_left_out=43,
        )
        for name in ("precision", "recall", "f1", "ndcg", "hit_rate", "coverage")
        for k in (10, 50, 100)
    ]
    rows += [
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol="pointwise",
            name="rmse",
            value=0.935,
            higher_is_better=False,
            users_counted=943,
        ),
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol="rated",
            name="f1_at_10",
            segment="heavy_users",
            k=10,
            value=0.8,
            users_counted=300,
        ),
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol="rated",
            name="f1_at_10",
            segment="light_users",
            k=10,
            value=None,
            users_counted=0,
        ),
    ]
    MetricValue.objects.bulk_create(rows)
    curve = {"x": [0.0, 0.5, 1.0], "y": [0.0, 0.8, 1.0], "area": 0.72, "base_rate": 0.4}
    EvaluationDetail.objects.create(
        experiment=run,
        protocols=PROTOCOLS,
        confusion={"rated": {"tp": 700, "fp": 200, "fn": 100, "tn": 50}},
        roc={"rated": curve, "catalogue": {}},
        precision_recall={"rated": curve, "catalogue": {}},
        calibration={
            "edges": [1.0, 3.0, 5.0],
            "count": [10, 20],
            "predicted": [2.1, 4.0],
            "actual": [2.4, None],
            "error": 0.3,
        },
    )


def add_file(run: Experiment, name: str, content: bytes) -> Artifact:
    path = Path(run.folder) / "artifacts-1" / name
    file = Path(settings.DATA_ROOT) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return Artifact.objects.create(
        experiment=run,
        name=name,
        kind="metrics",
        path=str(path),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def upload(name: str = "ratings.csv", text: str = RATINGS_CSV) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), content_type="text/csv")


def draft_import(workspace: Workspace, author: User, text: str = RATINGS_CSV) -> DatasetImport:
    file = importing.Upload("interactions", "ratings.csv", [text.encode()])
    return importing.stage(workspace=workspace, actor=author, uploads=[file], name="ratings")


def imported(draft: DatasetImport, author: User, **options: Any) -> Dataset:
    """The dataset of a draft, read by the product's own import in this process."""
    job = importing.carry_out_here(importing.confirm(draft, options=options, actor=author))
    assert job.dataset is not None, job.failure_reason
    return job.dataset


__all__ = ["draft_import", "finished_run", "imported", "make_dataset", "make_experiment", "running_run", "upload"]

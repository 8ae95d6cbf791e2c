"""Really trained tiny runs, and the metrics people define over them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
from django.conf import settings
from django.utils import timezone

from experiments.jobs import attempt, lifecycle
from experiments.learning.artifacts import SavedFile
from experiments.models import Artifact, CustomMetric, Experiment, JobStatus, MetricValue
from experiments.services import custom_metrics, launch, results
from experiments.services.custom_metrics import MetricSpec
from experiments.services.spec import LaunchSpec
from experiments.tests.factories import make_experiment
from experiments.tests.metrics.scenes import random_scene
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace

EXPRESSION = "mean(catalogue.ndcg_at_10 where relevant >= 2)"


def trained(workspace: Workspace, architecture: str = "item_knn", **asked: Any) -> Experiment:
    """A run carried out here as a worker's child process does it."""
    dataset = stored_dataset(workspace, "Tiny synthetic", users=40, items=30, interactions=600)
    spec = LaunchSpec.model_validate(
        {"name": "tiny", "dataset": dataset.pk, "architecture": architecture, "trackers": [], **asked}
    )
    run = launch.launch(workspace=workspace, actor=None, spec=spec, through="command")
    lease = lifecycle.claim(Experiment.KIND, run.pk)
    assert lease is not None
    attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: None)
    run.refresh_from_db()
    assert run.status == JobStatus.COMPLETED, run.failure_reason
    return run


def measured(workspace: Workspace, age: int = 0, seed: int = 90) -> Experiment:
    """A completed run with what an evaluation found, as rows and as a file, though nothing was trained."""
    run = completed(workspace, age)
    evaluation = random_scene(seed, users=30, items=40, ratings=500).evaluate()
    folder = f"{run.folder}/artifacts-1"
    file = Path(settings.DATA_ROOT) / folder / "per_user.parquet"
    file.parent.mkdir(parents=True)
    evaluation.per_user.to_parquet(file)
    saved = SavedFile("per_user.parquet", file.stat().st_size, "0" * 64, "table")
    results.record(run, evaluation, [saved], folder)
    return run


def completed(workspace: Workspace, age: int = 0, **fields: Any) -> Experiment:
    """A completed run without files, ``age`` hours old."""
    at = timezone.now() - dt.timedelta(hours=age)
    values: dict[str, Any] = {"status": JobStatus.COMPLETED, "finished_at": at, "created_at": at}
    return make_experiment(workspace, **(values | fields))


def with_figure(
    run: Experiment, value: float | None = 0.5, name: str = "f1_at_10", protocol: str = "rated"
) -> Experiment:
    MetricValue.objects.create(
        workspace_id=run.workspace_id, experiment=run, protocol=protocol, name=name, value=value, users_counted=10
    )
    return run


def define(workspace: Workspace, expression: str = EXPRESSION, name: str = "mine", **more: Any) -> CustomMetric:
    spec = MetricSpec.model_validate({"name": name, "expression": expression, **more})
    return custom_metrics.create(workspace=workspace, actor=None, spec=spec)


def value_of(run: Experiment, name: str = "mine") -> float | None:
    return (
        MetricValue.objects.filter(experiment=run, protocol="custom", name=name).values_list("value", flat=True).first()
    )


def users_of(run: Experiment, protocol: str = "catalogue") -> pd.DataFrame:
    """The rows of one protocol, read without the product's code."""
    table = pd.read_parquet(Artifact.objects.get(experiment=run, name="per_user.parquet").file)
    return table[table["protocol"] == protocol]

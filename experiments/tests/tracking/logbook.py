"""Runs as a notebook logs them: with MLflow's own client, knowing nothing of us."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from experiments.models import (
    Artifact,
    EpochMetrics,
    Experiment,
    LoggedRun,
    MetricValue,
    ParameterValue,
)

START = 1_790_000_000_000
"""Unix milliseconds of the first run's start."""


class Logbook:
    """One MLflow experiment of a test's own."""

    def __init__(self, uri: str, name: str = "") -> None:
        self.uri = uri
        self.client = MlflowClient(tracking_uri=uri)
        self.name = name or f"notebook {uuid.uuid4().hex}"
        self.experiment_id = self.client.create_experiment(self.name)

    def log(
        self,
        name: str = "try",
        *,
        params: dict[str, Any] | None = None,
        metrics: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        files: dict[str, bytes] | None = None,
        status: str = "FINISHED",
        start: int = START,
        folder: Path | None = None,
    ) -> str:
        """Logs a run and returns its id. ``metrics``: a value, or values by step as {step: value}."""
        run = self.client.create_run(
            self.experiment_id, start_time=start, run_name=name, tags={"mlflow.user": "grace", **(tags or {})}
        )
        run_id = run.info.run_id
        points = [
            Metric(key, float(value), start + 1000 * step, step)
            for key, given in (metrics or {}).items()
            for step, value in (given.items() if isinstance(given, dict) else [(0, given)])
        ]
        for first in range(0, max(len(points), 1), 900):
            chosen = [Param(key, str(value)) for key, value in (params or {}).items()] if first == 0 else []
            self.client.log_batch(run_id, points[first : first + 900], chosen[:100])
        for path, content in (files or {}).items():
            assert folder is not None
            place = folder / uuid.uuid4().hex / Path(path).name
            place.parent.mkdir(parents=True)
            place.write_bytes(content)
            self.client.log_artifact(run_id, str(place), str(Path(path).parent) if "/" in path else None)
        if status != "RUNNING":
            self.client.set_terminated(run_id, status, start + 60_000)
        return run_id

    def tag(self, run_id: str, **tags: str) -> None:
        self.client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row that a reading writes, to be compared before and after another one."""
    tables = (Experiment, LoggedRun, MetricValue, ParameterValue, EpochMetrics, Artifact)
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def here(run_id: str) -> Experiment:
    """Our row of an MLflow run."""
    return Experiment.objects.select_related("logged").get(logged__external_id=run_id)

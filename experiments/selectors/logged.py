"""What pages say of a run that somebody logged to MLflow: where it comes from, how fresh it is, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from experiments.models import Artifact, EpochMetrics, Experiment, LoggedRun, MetricValue, TrackerHealth
from experiments.selectors.files import can_preview
from experiments.services.logged_run_files import place_of

PARENT_TAG = "mlflow.parentRunId"


@dataclass(frozen=True)
class LoggedFile:
    """A file of the run in MLflow, with the copy of it that is here, if there is one."""

    path: str
    size_bytes: int
    artifact: Artifact | None
    url: str

    @property
    def can_preview(self) -> bool:
        return self.artifact is not None and can_preview(self.artifact)


def trouble_with_mlflow() -> str:
    """Why MLflow cannot be read now, or "": one query. A page never asks MLflow itself."""
    health = TrackerHealth.objects.filter(tracker="mlflow", failures__gt=0).first()
    return "" if health is None else health.last_error.rstrip(".") or "MLflow does not answer"


def parent_of(run: Experiment) -> Experiment | None:
    """The run it is nested in, where that is in the same workspace's history: one query, or none."""
    logged: LoggedRun | None = getattr(run, "logged", None)
    parent = logged.tags.get(PARENT_TAG) if logged else None
    if not parent:
        return None
    rows = Experiment.objects.filter(workspace_id=run.workspace_id, deleted_at__isnull=True)
    return rows.filter(logged__external_id=parent).first()


def figures_of(run: Experiment) -> list[MetricValue]:
    """Its last figures by name, MLflow's measurements of the machine at the end: one query."""
    rows = MetricValue.objects.filter(experiment=run, protocol="logged", segment="all")
    return sorted(rows, key=lambda row: (row.name.startswith("system/"), row.name))


def files_of(run: Experiment) -> list[LoggedFile]:
    """Its files by path: one query."""
    logged: LoggedRun | None = getattr(run, "logged", None)
    if logged is None:
        return []
    copies = {artifact.path: artifact for artifact in run.artifacts.all()}
    return [_file(entry, copies.get(place_of(run, entry["path"])), logged) for entry in logged.files]


def _file(entry: dict[str, Any], artifact: Artifact | None, logged: LoggedRun) -> LoggedFile:
    url = f"{logged.url}/artifacts/{quote(entry['path'])}" if logged.url else ""
    return LoggedFile(entry["path"], entry["size_bytes"], artifact, url)


def curve_names(epochs: list[EpochMetrics]) -> list[str]:
    """Names of the metrics that have a curve, MLflow's measurements of the machine at the end."""
    names = dict.fromkeys(name for row in epochs for name, value in row.values.items() if value is not None)
    return sorted(names, key=lambda name: (name.startswith("system/"), name))

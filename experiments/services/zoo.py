"""A pipeline that trains several architectures on one dataset: prepare, train each, compare (docs/how-to/pipeline.md).

Each stage reads the parameters and the files of the stages before it and leaves files of its own, so that DVC, or a
person, may run them one by one. The runs are ordinary ones: launched, tracked and kept like any other.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.learning import atomic
from experiments.models import Artifact, Dataset, EpochMetrics, Experiment, JobStatus
from experiments.services import launch, launch_plan, mirror_content
from experiments.services.spec import LaunchSpec, Problem, Refused, SplitChoice, Tracker, problems_of
from mlopspro.accounts.models import User, Workspace

TAG = "pipeline"
"""Of every run that comes from here."""
SHOWN = ("catalogue.ndcg_at_10", "catalogue.recall_at_10", "catalogue.coverage_at_10", "catalogue.coverage_at_50",
         "catalogue.coverage_at_100", "training_time_seconds", "total_parameters", "model_size_bytes")  # fmt: skip
"""Figures of the comparison, in its order."""

CarryOut = Callable[[Experiment], Experiment]
"""Sees a launched run to its end and returns it as it then is."""


class ZooParameters(BaseModel):
    """``params.yaml``. Unknown fields are refused; hyperparameters are checked by each architecture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1, description="Name or id of a dataset.")
    split: SplitChoice | None = None
    seed: int = 42
    processes: int = 1
    trackers: list[Tracker] = Field(default_factory=lambda: list(get_args(Tracker)))
    tags: list[str] = Field(default_factory=list)
    models: dict[str, dict[str, Any]] = Field(min_length=1, description="Architectures and their hyperparameters.")


def read_parameters(path: Path) -> ZooParameters:
    """Raises Refused, naming field, value and what is accepted."""
    try:
        return ZooParameters.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise Refused([Problem("params", f"{path.name} cannot be read: {error.strerror}")]) from error
    except yaml.YAMLError as error:
        raise Refused([Problem("params", f"{path.name} is no YAML: {str(error).splitlines()[0]}")]) from error
    except ValidationError as error:
        raise Refused(problems_of(error)) from error


def prepare(parameters: ZooParameters, workspace: Workspace, actor: User | None, out: Path) -> dict[str, Any]:
    """What the dataset holds; Refused with everything that would keep any of the models from being trained on it."""
    dataset = _dataset(parameters, workspace)
    problems = []
    for key in parameters.models:
        try:
            launch_plan.plan(workspace, _spec(parameters, dataset, key), actor)
        except Refused as error:
            problems += [Problem(f"models.{key}.{found.field}", found.message) for found in error.problems]
    if problems:
        raise Refused(problems)
    found = {
        "id": str(dataset.pk),
        "name": dataset.name,
        "sha256": dataset.sha256,
        "feedback": dataset.feedback,
        "num_users": dataset.num_users,
        "num_items": dataset.num_items,
        "num_interactions": dataset.num_interactions,
        "sparsity": dataset.sparsity,
    }
    _write(out / "dataset.json", found)
    return found


def train(
    parameters: ZooParameters, key: str, workspace: Workspace, actor: User | None, out: Path, carry_out: CarryOut
) -> Experiment:
    """One model: its run, figures (``metrics.json``), epochs (``history.csv``) and files (``run.json``).

    Raises Refused where it cannot be launched, or does not complete.
    """
    if key not in parameters.models:
        raise Refused([Problem("model", f"{key!r} is not in the parameters; accepted: {', '.join(parameters.models)}")])
    spec = _spec(parameters, _dataset(parameters, workspace), key)
    run = launch.launch(workspace=workspace, actor=actor, spec=spec, through=mirror_content.PIPELINE)
    run = carry_out(run)
    if run.state is not JobStatus.COMPLETED:
        why = run.failure_reason or "a person stopped it"
        raise Refused([Problem(f"models.{key}", f"{run.name} is {run.status_label.lower()}: {why}")])
    folder = out / key
    _write(folder / "metrics.json", mirror_content.figures_of(run))
    _write_history(folder / "history.csv", run)
    _write(folder / "run.json", _described(run))
    return run


def compare(parameters: ZooParameters, out: Path) -> dict[str, dict[str, float | None]]:
    """The models' figures beside each other, from the files of their stages; Refused where one is missing."""
    found, missing = {}, []
    for key in parameters.models:
        path = out / key / "metrics.json"
        if path.exists():
            figures = json.loads(path.read_text())
            found[key] = {name: figures.get(name) for name in SHOWN}
        else:
            missing.append(Problem(f"models.{key}", f"there is no {key}/metrics.json yet; run its training first"))
    if missing:
        raise Refused(missing)
    _write(out / "comparison.json", found)
    atomic.write_bytes(out / "comparison.md", table_of(found).encode())
    return found


def table_of(found: dict[str, dict[str, float | None]]) -> str:
    """Markdown; figures are of the test part by the protocol that their name begins with."""
    lines = ["| figure | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|"]
    for name in SHOWN:
        values = ["–" if (value := of[name]) is None else f"{value:.6g}" for of in found.values()]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def _dataset(parameters: ZooParameters, workspace: Workspace) -> Dataset:
    rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True)
    found = rows.filter(name=parameters.dataset).first()
    found = found or next((row for row in rows if str(row.pk) == parameters.dataset), None)
    if found is None:
        known = ", ".join(rows.values_list("name", flat=True)[:20]) or "none yet; see manage.py import_dataset"
        raise Refused([Problem("dataset", f"there is no {parameters.dataset!r}; known: {known}")])
    return found


def _spec(parameters: ZooParameters, dataset: Dataset, key: str) -> LaunchSpec:
    asked = {
        "dataset": dataset.pk,
        "architecture": key,
        "parameters": parameters.models[key],
        "seed": parameters.seed,
        "processes": parameters.processes,
        "trackers": parameters.trackers,
        "tags": [*parameters.tags, TAG],
    }
    if parameters.split is not None:
        asked["split"] = parameters.split.model_dump()
    try:
        return LaunchSpec.model_validate(asked)
    except ValidationError as error:
        raise Refused(problems_of(error)) from error


def _described(run: Experiment) -> dict[str, Any]:
    files = Artifact.objects.filter(experiment=run).order_by("name")
    return {
        "id": str(run.pk),
        "name": run.name,
        "architecture": run.architecture,
        "parameters": run.parameters,
        "split": run.split,
        "seed": run.seed,
        "tags": run.tags,
        "config_hash": run.config_hash,
        "dataset_statistics": run.dataset_statistics,
        "artifacts": {row.name: {"sha256": row.sha256, "size_bytes": row.size_bytes} for row in files},
    }


def _write_history(path: Path, run: Experiment) -> None:
    rows = [{"epoch": row.epoch, **row.values} for row in EpochMetrics.objects.filter(experiment=run).order_by("epoch")]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["epoch"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, (json.dumps(content, indent=1, default=str) + "\n").encode())

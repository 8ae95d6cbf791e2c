"""Versions of models made from runs that were really trained, by the product's own services."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
from django.utils import timezone

from experiments.models import (
    Artifact,
    Dataset,
    EvaluationDetail,
    Experiment,
    MetricValue,
    ModelVersion,
    RegisteredModel,
)
from experiments.services import registry
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run
from mlopspro.accounts.models import Workspace


def make_model(workspace: Workspace, name: str = "recommender", **fields: Any) -> RegisteredModel:
    """A model without versions, found again by its name."""
    found = RegisteredModel.objects.filter(workspace=workspace, name=name, archived_at__isnull=True).first()
    values: dict[str, Any] = {"actor": None, "family": "recommendation"}
    return found or registry.create_model(workspace=workspace, name=name, **(values | fields))


def make_run(workspace: Workspace, architecture: str = "item_knn", dataset: Dataset | None = None, **asked: Any) -> Any:
    """A completed run on a small synthetic dataset; well below a second."""
    data = dataset or stored_dataset(workspace, "small ratings")
    return trained_run(data, asked.pop("name", f"{architecture} run"), architecture, **asked)


def make_version(
    workspace: Workspace,
    model: RegisteredModel | str = "recommender",
    *,
    run: Experiment | None = None,
    architecture: str = "item_knn",
    number: str | None = None,
    **asked: Any,
) -> ModelVersion:
    """A version in development of a model (made where there is none of this name), with its files.

    ``asked`` are fields of a LaunchSpec for the run, such as parameters and seed.
    """
    chosen = make_model(workspace, model) if isinstance(model, str) else model
    made_from = run or make_run(workspace, architecture, **asked)
    return registry.register(made_from, actor=None, model=chosen, number=number)


def judged_run(workspace: Workspace, values: Any, *, metric: str = "catalogue.ndcg_at_10", **fields: Any) -> Experiment:
    """A completed run whose results user by user are ``values`` (user i has the i-th); rows and files, no training.

    What it was measured by is the same for all such runs; ``dataset``, ``split`` and other fields may be given.
    """
    protocol, _, name = metric.partition(".")
    scores = np.asarray(values, dtype=float)
    now = timezone.now()
    made = make_experiment(workspace, **({"status": "completed", "started_at": now, "finished_at": now} | fields))
    EvaluationDetail.objects.create(
        experiment=made,
        protocols={protocol: {"definition": "1", "relevance": "rating", "candidates": "all", "ks": [10]}},
    )
    MetricValue.objects.create(
        workspace=workspace, experiment=made, protocol=protocol, name=name, value=float(scores.mean()), popularity=0.0,
        users_counted=len(scores),
    )  # fmt: skip
    table = pd.DataFrame(
        {"user": np.arange(len(scores)), "protocol": protocol, "segment": "all", name: scores, "ratings": 5.0}
    )
    folder = made.path / "artifacts-1"
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "per_user.parquet", index=False)
    (folder / "model.json").write_text(json.dumps({"run": str(made.pk)}))
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        Artifact.objects.create(
            experiment=made, name=file.name, kind="document", path=f"{made.folder}/artifacts-1/{file.name}",
            size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    return made


def judged_version(
    workspace: Workspace, values: Any, model: RegisteredModel | str = "recommender", **fields: Any
) -> ModelVersion:
    """A version of a :func:`judged_run`; those of one model are on one dataset unless another is given."""
    chosen = make_model(workspace, model) if isinstance(model, str) else model
    if "dataset" not in fields:
        first = chosen.versions.order_by("created_at").first()
        fields["dataset"] = first.dataset if first is not None else make_dataset(workspace)
    return registry.register(judged_run(workspace, values, **fields), actor=None, model=chosen)

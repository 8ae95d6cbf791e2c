"""Versions of models made from runs that were really trained, by the product's own services."""

from __future__ import annotations

from typing import Any

from experiments.models import Dataset, Experiment, ModelVersion, RegisteredModel
from experiments.services import registry
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

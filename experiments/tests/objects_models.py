"""What the addresses of models and versions point at, for the walk over all routes."""

from __future__ import annotations

import uuid

from experiments.models import ModelVersion, RegisteredModel
from experiments.tests.factories import make_experiment
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


def model_row(workspace: Workspace, owner: User) -> RegisteredModel:
    """Without files: enough for who may and who may not."""
    return RegisteredModel.objects.create(
        workspace=workspace, name=f"model {uuid.uuid4().hex[:8]}", family="recommendation", owner=owner
    )


def version_row(workspace: Workspace, owner: User) -> ModelVersion:
    run = make_experiment(workspace, created_by=owner)
    return ModelVersion.objects.create(
        model=model_row(workspace, owner), major=1, minor=0, patch=0, experiment=run, dataset=run.trained_on,
        dataset_sha256=run.trained_on.sha256, architecture=run.architecture, config_hash=run.config_hash,
    )  # fmt: skip


@objects_for("api:*", "model_id")
def model_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": model_row(workspace, owner).pk}


@objects_for("api:*", "model_id", "version_id")
def version_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    version = version_row(workspace, owner)
    return {"model_id": version.model_id, "version_id": version.pk}


@objects_for("api:ml_run*", "run_id")
def run_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"run_id": make_experiment(workspace, created_by=owner).pk}

"""What the addresses of datasets, imports and runs point at, for the walk over all routes."""

import uuid

from django.utils import timezone

from experiments.models import Artifact, CustomMetric, DatasetImport, SavedView, TrackerRun
from experiments.tests import (
    objects_assistant,  # noqa: F401 - its entries register themselves
    objects_models,  # noqa: F401  registers the registry's
    objects_recipes,  # noqa: F401
    objects_recipes_api,  # noqa: F401
    objects_registry_api,  # noqa: F401
    objects_searches,  # noqa: F401
)
from experiments.tests.factories import make_dataset, make_experiment
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("experiments:dataset*", "pk")
def dataset(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_dataset(workspace).pk}


@objects_for("experiments:dataset_restore", "pk")
def deleted_dataset(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_dataset(workspace, deleted_at=timezone.now()).pk}


@objects_for("experiments:import*", "pk")
def dataset_import(workspace: Workspace, owner: User) -> dict[str, object]:
    made = DatasetImport.objects.create(
        workspace=workspace, created_by=owner, name="upload", status="draft", format="csv", folder="imports/none"
    )
    return {"pk": made.pk}


@objects_for("experiments:experiment*", "pk")
def experiment(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_experiment(workspace, created_by=owner).pk}


@objects_for("experiments:experiment_restore", "pk")
def deleted_experiment(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_experiment(workspace, created_by=owner, deleted_at=timezone.now()).pk}


@objects_for("experiments:experiment_mirror*", "pk", "tracker")
def mirror(workspace: Workspace, owner: User) -> dict[str, object]:
    run = make_experiment(workspace, created_by=owner)
    TrackerRun.objects.create(experiment=run, tracker="mlflow")
    return {"pk": run.pk, "tracker": "mlflow"}


@objects_for("experiments:artifact*", "pk", "artifact")
def artifact(workspace: Workspace, owner: User) -> dict[str, object]:
    run = make_experiment(workspace, created_by=owner)
    made = Artifact.objects.create(
        experiment=run, name="config.json", kind="json", path=f"{run.folder}/config.json", size_bytes=2, sha256="0" * 64
    )
    made.file.parent.mkdir(parents=True, exist_ok=True)
    made.file.write_text("{}")
    return {"pk": run.pk, "artifact": made.pk}


@objects_for("api:*", "dataset_id")
def dataset_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"dataset_id": make_dataset(workspace).pk}


@objects_for("api:*", "experiment_id")
def experiment_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"experiment_id": make_experiment(workspace, created_by=owner).pk}


@objects_for("api:model_run", "run_id")
def model_run_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"run_id": make_experiment(workspace, created_by=owner).pk}


@objects_for("experiments:view*", "pk")
def saved_view(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": SavedView.objects.create(workspace=workspace, owner=owner, name=f"view {uuid.uuid4()}").pk}


@objects_for("experiments:custom_metric*", "pk")
def custom_metric(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": _custom_metric(workspace).pk}


@objects_for("api:*", "metric_id")
def custom_metric_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"metric_id": _custom_metric(workspace).pk}


def _custom_metric(workspace: Workspace) -> CustomMetric:
    return CustomMetric.objects.create(
        workspace=workspace, name=f"metric_{uuid.uuid4().hex}", label="metric", expression="metrics.pointwise.rmse * 2"
    )

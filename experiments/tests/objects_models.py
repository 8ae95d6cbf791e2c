"""What the addresses of the registry's pages point at, for the walk over all routes. Rows without files suffice."""

from __future__ import annotations

import uuid

from experiments.models import ModelFile, ModelVersion
from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("experiments:model*", "pk")
def model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_model_row(workspace, _name()).pk}


@objects_for("experiments:model*", "pk", "version")
def model_version(workspace: Workspace, owner: User) -> dict[str, object]:
    version = _version(workspace)
    return {"pk": version.model_id, "version": version.pk}


@objects_for("experiments:model_file", "pk", "version", "file")
def model_file(workspace: Workspace, owner: User) -> dict[str, object]:
    version = _version(workspace)
    file = ModelFile.objects.create(
        version=version, name="scorer.json", kind="scorer", path=f"{version.folder}/scorer.json", size_bytes=2,
        sha256="0" * 64,
    )  # fmt: skip
    file.file.parent.mkdir(parents=True, exist_ok=True)
    file.file.write_text("{}")
    return {"pk": version.model_id, "version": version.pk, "file": file.pk}


@objects_for("experiments:model_traffic_*", "pk", "deployment")
def model_deployment(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_live(_version(workspace))
    return {"pk": made.model_id, "deployment": made.pk}


def _version(workspace: Workspace) -> ModelVersion:
    """Of a model of its own: the walk makes several in one workspace."""
    return make_version_row(workspace, _name())


def _name() -> str:
    return f"model {uuid.uuid4().hex[:8]}"

"""What the addresses of the registry's pages point at, for the walk over all routes."""

from __future__ import annotations

from experiments.models import ModelFile
from experiments.tests.versions import make_model_row, make_version_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("experiments:model*", "pk")
def model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_model_row(workspace).pk}


@objects_for("experiments:model*", "pk", "version")
def version(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_version_row(workspace, by=owner)
    return {"pk": made.model_id, "version": made.pk}


@objects_for("experiments:model*", "pk", "version", "file")
def file(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_version_row(workspace, by=owner)
    row = ModelFile.objects.create(
        version=made, name="config.json", kind="document", path=f"{made.folder}/config.json", size_bytes=2,
        sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    )  # fmt: skip
    row.file.parent.mkdir(parents=True, exist_ok=True)
    row.file.write_text("{}")
    return {"pk": made.model_id, "version": made.pk, "file": row.pk}

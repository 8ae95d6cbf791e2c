"""What the addresses of drift point at, for the walk over all routes."""

from __future__ import annotations

from experiments.models import ModelVersion
from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.models import Reference
from monitoring.tests.drift_pages.scene import make_check, make_reference, numeric


def _live(workspace: Workspace) -> ModelVersion:
    model = make_model_row(workspace, "Drifting")
    found = ModelVersion.objects.filter(model=model).first()
    if found is None:
        found = make_version_row(workspace, model)
        make_live(found)
    return found


@objects_for("monitoring:drift*", "pk")
def drifting_model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": _live(workspace).model_id}


@objects_for("monitoring:drift_one", "pk", "check")
def drift_check(workspace: Workspace, owner: User) -> dict[str, object]:
    version = _live(workspace)
    return {"pk": version.model_id, "check": make_check(version, [numeric("scores")]).pk}


@objects_for("monitoring:drift_activate", "pk", "reference")
def drift_reference(workspace: Workspace, owner: User) -> dict[str, object]:
    version = _live(workspace)
    found = Reference.objects.filter(version=version).first() or make_reference(version)
    return {"pk": version.model_id, "reference": found.pk}

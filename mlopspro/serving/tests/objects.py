"""What the addresses of answers point at, for the walk over all routes. Rows without files: live, not loadable."""

from __future__ import annotations

import uuid

from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("api:recommend", "user_id")
def user_of_a_live_model(workspace: Workspace, owner: User) -> dict[str, object]:
    make_live(make_version_row(workspace, f"model {uuid.uuid4().hex[:8]}"))
    return {"user_id": uuid.uuid4()}


@objects_for("api:predict", "model")
def live_model_on_tables(workspace: Workspace, owner: User) -> dict[str, object]:
    model = make_model_row(workspace, f"model {uuid.uuid4().hex[:8]}", family="pricing")
    make_live(make_version_row(workspace, model))
    return {"model": model.pk}

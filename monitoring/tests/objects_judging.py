"""What the addresses of monitoring settings point at, for the walk over all routes."""

from __future__ import annotations

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("monitoring:settings*", "pk")
def settings_of(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_model_row(workspace).pk}


@objects_for("monitoring:judge", "pk")
def judged(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_model_row(workspace).pk}

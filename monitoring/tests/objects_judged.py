"""What the addresses of judgements point at, for the walk over all routes."""

from __future__ import annotations

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.tests.judged.scenes import make_check


@objects_for("api:monitoring_check", "check_id")
def check(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"check_id": make_check(make_model_row(workspace, "Judged"), "quality").pk}


@objects_for("api:get_model_performance", "model_id")
def performed(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": make_model_row(workspace, "Judged").pk}

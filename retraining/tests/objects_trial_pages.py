"""What the addresses of the pages of trials point at, for the walk over all routes."""

from __future__ import annotations

import uuid

from experiments.tests.versions import make_version_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from retraining.models import Trial
from retraining.services import trials
from retraining.tests.scene import live_model


def make_draft(workspace: Workspace, name: str = "two lists", **document: object) -> Trial:
    """1.1.0 against 1.0.0 of a model of its own; rows alone, so it cannot be started."""
    live = live_model(workspace, f"model {uuid.uuid4().hex[:8]}")
    make_version_row(workspace, live.model, "1.1.0", stage="staging")
    values = {"name": name, "variants": ["1.1.0"], "planned_users": 1000, "days": 7} | document
    return trials.draft(live.model, values, actor=None)


@objects_for("retraining:trial_new", "pk")
def model_to_try(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_draft(workspace).model_id}


@objects_for("retraining:trial", "pk")
@objects_for("retraining:trial_edit", "pk")
@objects_for("retraining:trial_start", "pk")
@objects_for("retraining:trial_stop", "pk")
@objects_for("retraining:trial_promote", "pk")
@objects_for("retraining:trial_delete", "pk")
def trial(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_draft(workspace).pk}

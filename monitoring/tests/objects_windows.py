"""What the addresses of windows and predictions point at, for the walk over all routes."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.tests.windows_scene import make_source, put, row


@objects_for("monitoring:prediction", "pk")
def prediction(workspace: Workspace, owner: User) -> dict[str, object]:
    (one,) = put(make_source(workspace), [row(timezone.now() - dt.timedelta(minutes=5))])
    return {"pk": one["id"]}


@objects_for("api:model_monitoring*", "model_id")
def watched_model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": make_model_row(workspace).pk}

"""What the addresses of windows and predictions point at, for the walk over all routes."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.models import Source
from monitoring.tests.windows_scene import put, row


@objects_for("monitoring:prediction", "pk")
def prediction(workspace: Workspace, owner: User) -> dict[str, object]:
    source, _ = Source.objects.get_or_create(
        model=make_model_row(workspace), version=None, role="elsewhere", defaults={"workspace": workspace}
    )
    (one,) = put(source, [row(timezone.now() - dt.timedelta(minutes=5))])
    return {"pk": one["id"]}


@objects_for("api:model_monitoring*", "model_id")
def watched_model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": make_model_row(workspace).pk}

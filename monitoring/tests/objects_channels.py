"""What the addresses of alert channels point at, for the walk over all routes."""

from __future__ import annotations

import uuid

from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.tests.telling.scene import make_channel


@objects_for("monitoring:channel*", "pk")
def channel(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_channel(workspace, name=f"channel {uuid.uuid4().hex}").pk}


@objects_for("api:alert_channel*", "channel_id")
def channel_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"channel_id": make_channel(workspace, name=f"channel {uuid.uuid4().hex}").pk}

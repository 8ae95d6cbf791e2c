"""The switch of a workspace that has the use of parts counted. It is off until an administrator turns it on."""

from __future__ import annotations

from django.db import transaction

from mlopspro.accounts.models import PartUse, User, Workspace
from mlopspro.accounts.services import audit


def switch(workspace: Workspace, *, on: bool, actor: User | None, delete: bool = False) -> int:
    """Turns recording on or off; with ``delete`` and off, what was recorded goes too. Audited.

    Returns:
        How many rows (a person, day and part each) were deleted.
    """
    with transaction.atomic():
        locked = Workspace.objects.select_for_update().get(pk=workspace.pk)
        before = locked.usage_recorded
        gone = PartUse.objects.filter(workspace=locked).delete()[0] if delete and not on else 0
        if before != on:
            Workspace.objects.filter(pk=locked.pk).update(usage_recorded=on)
        if before != on or gone:
            audit.record(
                action="switch_usage_recording",
                actor=actor,
                workspace=locked,
                obj=locked,
                before={"recorded": before},
                after={"recorded": on, "rows_deleted": gone},
            )
    workspace.usage_recorded = on
    return gone

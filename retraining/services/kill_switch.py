"""The switch that stops all automation of a workspace, and the one of the installation (MLOPSPRO_AUTOMATION)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from experiments.services.model_fields import cleaned_note
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit
from retraining.models import KillSwitch


def is_on(workspace: Workspace) -> bool:
    """Whether nothing may retrain by itself here."""
    if not settings.AUTOMATION:
        return True
    return KillSwitch.objects.filter(workspace=workspace, stopped=True).exists()


def state_of(workspace: Workspace) -> KillSwitch:
    """Its row, or one that is not saved where nobody ever turned it."""
    found = KillSwitch.objects.filter(workspace=workspace).select_related("by").first()
    return found or KillSwitch(workspace=workspace)


def turn(workspace: Workspace, *, on: bool, actor: User | None, reason: str = "") -> KillSwitch:
    """Turns it on or off; nothing happens where it already is so. Audited."""
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        KillSwitch.objects.get_or_create(workspace=workspace)
        row = KillSwitch.objects.select_for_update().get(workspace=workspace)
        if row.stopped == on:
            return row
        row.stopped, row.reason, row.by, row.at = on, reason, actor, timezone.now()
        row.save()
        audit.record(
            action="turn_kill_switch",
            actor=actor,
            workspace=workspace,
            obj=row,
            label="Kill switch of retraining",
            before={"on": not on},
            after={"on": on},
            reason=reason,
        )
    return row

"""Who is in a workspace, and which keys act there."""

from __future__ import annotations

from django.db.models import QuerySet

from mlopspro.accounts.models import ApiKey, Membership, User, Workspace


def members(workspace: Workspace) -> QuerySet[Membership]:
    """Everybody in the workspace, the disabled last. One query."""
    rows = Membership.objects.filter(workspace=workspace).select_related("user", "workspace")
    return rows.order_by("-user__is_active", "user__email")


def keys_of(workspace: Workspace, owner: User | None = None) -> QuerySet[ApiKey]:
    """Keys of one person, or of everybody, for the workspace; the newest first. One query."""
    rows = ApiKey.objects.filter(workspace=workspace).select_related("owner", "workspace")
    return rows.filter(owner=owner) if owner is not None else rows

"""What the person in front of the page may do, for templates that show or hide a button."""

from __future__ import annotations

from mlopspro.accounts.permissions import Action, Role, role_allows
from mlopspro.core.http import WorkspaceRequest


def allowed(request: WorkspaceRequest) -> dict[str, bool]:
    """{"launch_training": True, ...} for every action; no query."""
    role = Role(request.membership.role)
    return {action.value: role_allows(role, action) for action in Action}

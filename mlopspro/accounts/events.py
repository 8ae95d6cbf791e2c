"""What the audit trail records beside the acts of permissions.Action, and the words for both."""

from __future__ import annotations

from django.db.models import TextChoices

from mlopspro.accounts.permissions import Action


class Event(TextChoices):
    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    SESSIONS_ENDED = "sessions_ended", "Signed out everywhere"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    PASSWORD_LINK_MADE = "password_link_made", "Password link made"
    REFUSED = "refused", "Access refused"
    KEY_REFUSED = "key_refused", "API key refused"
    KEY_CREATED = "key_created", "API key created"
    KEY_REVOKED = "key_revoked", "API key revoked"
    MEMBER_ADDED = "member_added", "Person added"
    MEMBER_REMOVED = "member_removed", "Person removed"
    ROLE_CHANGED = "role_changed", "Role changed"
    PERSON_DISABLED = "person_disabled", "Person disabled"
    PERSON_ENABLED = "person_enabled", "Person enabled"
    WORKSPACE_CREATED = "workspace_created", "Workspace created"
    WORKSPACE_RENAMED = "workspace_renamed", "Workspace renamed"
    FIRST_ADMINISTRATOR = "first_administrator", "First administrator created"


SIGN_IN_EVENTS = (
    Event.SIGNED_IN,
    Event.SIGNED_OUT,
    Event.SIGN_IN_FAILED,
    Event.SIGN_IN_REFUSED,
    Event.PASSWORD_CHANGED,
)
"""Those belong to a person and not to a workspace."""


def action_label(action: str) -> str:
    """The words for what an entry records; its own name in sentence case where it is neither action nor event."""
    if action in Action.values:
        return str(Action(action).label)
    if action in Event.values:
        return str(Event(action).label)
    return action.replace("_", " ").capitalize()

"""For whom a command acts: the person and the workspace its options name, or the only ones there are."""

from __future__ import annotations

from django.core.management.base import CommandError

from mlopspro.accounts.models import User, Workspace


def workspace_of(slug: str) -> Workspace:
    """The workspace with this slug; without one, the only workspace."""
    rows = Workspace.objects.order_by("created_at")
    if slug:
        found = rows.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"--workspace {slug!r}: known are {_known(rows)}")
        return found
    count = rows.count()
    if count == 0:
        raise CommandError("There is no workspace yet. `make run` or `manage.py up` creates the first.")
    if count > 1:
        raise CommandError(f"There are several workspaces; say --workspace, one of {_known(rows)}")
    return rows.get()


def _known(rows: object) -> str:
    return ", ".join(str(row.slug) for row in rows)  # type: ignore[attr-defined]


def actor_of(email: str) -> User | None:
    """The person with this address; None (the system itself) where none is named."""
    if not email:
        return None
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise CommandError(f"--as {email!r}: there is no such person, or their account is disabled")
    return found

"""Finding what a command's arguments name, with an error that says what would be accepted."""

from __future__ import annotations

from django.core.management.base import CommandError

from mlopspro.accounts.models import User, Workspace


def user_of(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandError(f"email: nobody here has the address {email!r}; create_user adds a person.")
    return user


def workspace_named(slug: str) -> Workspace:
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        known = ", ".join(Workspace.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"--workspace: {slug!r} does not exist; accepted: {known}.")
    return workspace

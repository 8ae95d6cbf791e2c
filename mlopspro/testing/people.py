"""People, workspaces and their browsers for tests."""

from __future__ import annotations

import secrets
from typing import Any

from django.test import Client

from mlopspro.accounts.models import Membership, User, Workspace
from mlopspro.accounts.permissions import Role

PASSWORD = "correct horse battery staple"  # noqa: S105  of people who live for one test


def make_workspace(name: str = "") -> Workspace:
    word = secrets.token_hex(4)
    return Workspace.objects.create(name=name or f"Workspace {word}", slug=f"ws-{word}")


def make_person(name: str = "", **fields: Any) -> User:
    """Somebody with a role nowhere, an address that nobody else has, and PASSWORD."""
    return User.objects.create_user(f"{secrets.token_hex(6)}@example.org", PASSWORD, name=name, **fields)


def make_member(workspace: Workspace, role: Role = Role.ADMINISTRATOR, **fields: Any) -> User:
    user = make_person(**fields)
    Membership.objects.create(user=user, workspace=workspace, role=role)
    return user


def browser(user: User | None = None, *, csrf: bool = False) -> Client:
    """A browser at a network address of its own (brakes count by address), signed in if somebody is given."""
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    client = Client(enforce_csrf_checks=csrf, REMOTE_ADDR=address)
    if user is not None:
        client.force_login(user)
    return client

"""Making and renaming workspaces."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.dispatch import Signal
from django.utils.text import slugify

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import Membership, User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import audit

workspace_created = Signal()
"""Sent with ``workspace`` in the transaction that makes it; other apps put into it what every workspace has."""


def create_workspace(name: str, actor: User) -> Workspace:
    """A new, empty workspace with its maker as its administrator."""
    with transaction.atomic():
        workspace = Workspace.objects.create(name=name, slug=_free_slug(name))
        Membership.objects.create(user=actor, workspace=workspace, role=Role.ADMINISTRATOR)
        audit.record(action=Event.WORKSPACE_CREATED, actor=actor, workspace=workspace, obj=workspace)
        workspace_created.send(Workspace, workspace=workspace)
    return workspace


def rename_workspace(workspace: Workspace, name: str, actor: User) -> None:
    """The slug stays, so that nothing that refers to the workspace breaks."""
    before = workspace.name
    if name == before:
        return
    with transaction.atomic():
        Workspace.objects.filter(pk=workspace.pk).update(name=name)
        audit.record(
            action=Event.WORKSPACE_RENAMED,
            actor=actor,
            workspace=workspace,
            obj=workspace,
            before={"name": before},
            after={"name": name},
        )
    workspace.name = name


def _free_slug(name: str) -> str:
    slug = slugify(name)[:90] or "workspace"
    return f"{slug}-{secrets.token_hex(3)}" if Workspace.objects.filter(slug=slug).exists() else slug

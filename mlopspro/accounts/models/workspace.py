"""Workspaces, who has which role in them, and the base of everything that belongs to one."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from mlopspro.accounts.models.user import User
from mlopspro.accounts.permissions import Action, Role, role_allows

OwnedT = TypeVar("OwnedT", bound=models.Model)


class Workspace(models.Model):
    """A wall: nothing in one workspace exists for people who are only in others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    usage_recorded = models.BooleanField(
        default=False, help_text="Which parts people use is counted a day; off until somebody switches it on."
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """The one role of a person in a workspace."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("workspace__name", "user__email")
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display().lower()} in {self.workspace}"

    def allows(self, action: Action) -> bool:
        return role_allows(Role(self.role), action)


class WorkspaceQuerySet(models.QuerySet[OwnedT]):
    """Rows of models that have a ``workspace`` column."""

    def in_workspace(self, workspace: Workspace) -> WorkspaceQuerySet[OwnedT]:
        return self.filter(workspace=workspace)

    def visible_to(self, user: User | AnonymousUser) -> WorkspaceQuerySet[OwnedT]:
        """Rows in any workspace the person is a member of; none for strangers and disabled people."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(workspace__memberships__user=user)


class WorkspaceOwned(models.Model):
    """Abstract base of rows that carry their workspace. What hangs below such a row inherits it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", editable=False)

    objects: ClassVar[Any] = WorkspaceQuerySet.as_manager()

    class Meta:
        abstract = True

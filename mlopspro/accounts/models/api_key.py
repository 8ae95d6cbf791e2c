"""Keys for programs. Only a hash is kept, so that a copy of the database opens nothing."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from mlopspro.accounts.models.workspace import Workspace
from mlopspro.accounts.permissions import Scope


class KeyState(models.TextChoices):
    """How a key is shown; ``tone`` and ``icon`` are those of the status badge."""

    ACTIVE = "active", "Active"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"

    @property
    def tone(self) -> str:
        return {"active": "good", "expired": "warning", "revoked": "neutral"}[self.value]

    @property
    def icon(self) -> str:
        return {"active": "circle-check", "expired": "clock", "revoked": "ban"}[self.value]


class ApiKey(models.Model):
    """Acts as its owner in one workspace, and never beyond the owner's present role there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=12, unique=True, editable=False, help_text="Names the key in lists and logs.")
    token_sha256 = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=Scope.values, scopes__len__gt=0), name="api_key_scopes_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_usable(self, now: dt.datetime | None = None) -> bool:
        """Neither revoked nor expired. Whether its owner may still act is asked at each call."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > (now or timezone.now()))

    @property
    def state(self) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.ACTIVE if self.is_usable() else KeyState.EXPIRED

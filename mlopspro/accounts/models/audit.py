"""Who did what, when, to which object, and why. Rows are only ever added; a database trigger holds it too."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone

from mlopspro.accounts.events import Event, action_label
from mlopspro.accounts.models.api_key import ApiKey
from mlopspro.accounts.models.workspace import Workspace


class AppendOnly(Exception):
    """Somebody tried to change or remove a row of the audit trail."""


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Audit entries are never deleted.")


class AuditEntry(models.Model):
    """References are PROTECTed: what the trail points at can be disabled or revoked but not deleted."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True, help_text="Model, such as experiments.experiment.")
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)

    objects: ClassVar[Any] = AuditQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"], name="audit_recent"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_of_object"),
            models.Index(
                fields=["at", "object_label", "ip"],
                condition=models.Q(action=Event.SIGN_IN_FAILED.value),
                name="audit_failed_sign_ins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_label}: {self.object_label}" if self.object_label else self.action_label

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Audit entries are never changed.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are never deleted.")

    @property
    def action_label(self) -> str:
        return action_label(self.action)

"""Which parts of the product are used, where a workspace has switched that on: counts a person, day and part."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mlopspro.accounts.models.workspace import WorkspaceOwned


class PartUse(WorkspaceOwned):
    """No addresses, no contents: a part, a day, and how often. ``sessions`` and ``seconds`` count pauses below 30 min
    between two pages of the part as time spent with it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    part = models.CharField(max_length=40)
    visits = models.PositiveIntegerField(default=0)
    sessions = models.PositiveIntegerField(default=0)
    seconds = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("-day", "part")
        constraints = [models.UniqueConstraint(fields=["workspace", "day", "user", "part"], name="part_use_once")]

    def __str__(self) -> str:
        return f"{self.part} on {self.day}"

"""What people keep about the history: pinned runs, their baseline, and views with a name."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models.experiment import Experiment
from mlopspro.accounts.models import WorkspaceOwned


class MarkKind(models.TextChoices):
    PINNED = "pinned", "Pinned"
    BASELINE = "baseline", "Baseline"


class RunMark(WorkspaceOwned):
    """A run one person has pinned, or measures the others against."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(max_length=10, choices=MarkKind.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=["user", "experiment", "kind"], name="mark_once"),
            models.UniqueConstraint(
                fields=["user", "workspace"], condition=models.Q(kind="baseline"), name="one_baseline_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.experiment_id}"


class SavedView(WorkspaceOwned):
    """A name for the state of the history, which is the query string of its address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=4000, blank=True, help_text="Query string without the leading question mark.")
    shared = models.BooleanField(
        default=False, help_text="Everybody in the workspace sees it; only its owner changes it."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["workspace", "owner", "name"], name="view_named_once")]

    def __str__(self) -> str:
        return self.name

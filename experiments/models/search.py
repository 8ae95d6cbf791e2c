"""A search over hyperparameters. Its trials are ordinary runs; what Optuna remembers lies in its own tables."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models.dataset import Dataset
from experiments.models.job import JobStatus
from mlopspro.accounts.models import WorkspaceOwned


class Search(WorkspaceOwned):
    """Trials of one architecture on one dataset, towards the best value of one metric on the validation part.

    No job of its own: it is driven on whenever one of its trials ends, and by a sweep (services/searches.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="searches")
    architecture = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict, help_text="What every trial has in common.")
    space = models.JSONField(help_text="{parameter: {low, high, log, step} or {choices}}")
    split = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=42)
    metric = models.CharField(max_length=120, help_text="protocol.name on the validation part.")
    maximise = models.BooleanField(default=True)
    sampler = models.CharField(max_length=20, default="tpe")
    pruner = models.CharField(max_length=20, default="median")
    trials = models.PositiveIntegerField(help_text="How many in all.")
    parallel = models.PositiveIntegerField(default=2, help_text="How many at a time.")
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.RUNNING)
    reason = models.TextField(blank=True, help_text="Why it ended before its last trial.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_through = models.CharField(max_length=20, default="page")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "searches"
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="search_recent"),
            models.Index(fields=["id"], condition=models.Q(status="running"), name="search_running"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def study(self) -> str:
        """Its name among Optuna's studies."""
        return f"search-{self.pk}"

"""Metrics that people define themselves (F34), and how far each run has them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models.experiment import Experiment
from mlopspro.accounts.models import WorkspaceOwned


class CustomMetric(WorkspaceOwned):
    """An expression over stored per-user results and other metrics. Its values are MetricValues of protocol custom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60, help_text="As it is written in filters: metrics.custom.NAME")
    label = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    expression = models.TextField()
    higher_is_better = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, help_text="Rises when the expression changes.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="custom_metric_named_once")]

    def __str__(self) -> str:
        return self.label


class CustomMetricOutcome(models.Model):
    """That a run was dealt with: computed, or not computable and why."""

    metric = models.ForeignKey(CustomMetric, on_delete=models.CASCADE, related_name="outcomes")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="custom_outcomes")
    version = models.PositiveIntegerField()
    reason = models.TextField(blank=True, help_text="Why it has no value; empty when it has one.")
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric", "experiment"], name="custom_outcome_once")]

    def __str__(self) -> str:
        return self.reason or "computed"

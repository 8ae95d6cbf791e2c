"""What a run leaves behind. Every row is written under the run's lease (experiments.jobs.lease)."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models

from experiments.models.experiment import Experiment


class EpochMetrics(models.Model):
    """All figures of one epoch: train_loss, val_loss, learning_rate … as one JSON object."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="epochs")
    epoch = models.PositiveIntegerField()
    values = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("epoch",)
        verbose_name_plural = "epoch metrics"
        constraints = [models.UniqueConstraint(fields=["experiment", "epoch"], name="epoch_once")]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class MetricValue(models.Model):
    """One metric with its protocol, segment and reference lines (decision D2)."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="metric_values")
    protocol = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    segment = models.CharField(max_length=40, default="all")
    k = models.PositiveIntegerField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    higher_is_better = models.BooleanField(default=True)
    random = models.FloatField(null=True, blank=True)
    popularity = models.FloatField(null=True, blank=True)
    oracle = models.FloatField(null=True, blank=True)
    everything = models.FloatField(null=True, blank=True)
    users_counted = models.PositiveIntegerField(default=0)
    users_left_out = models.PositiveIntegerField(default=0)
    definition = models.CharField(max_length=20, default="1")

    class Meta:
        ordering = ("protocol", "segment", "k", "name")
        constraints = [
            models.UniqueConstraint(fields=["experiment", "protocol", "name", "segment"], name="metric_once"),
        ]
        indexes = [
            models.Index(
                fields=["protocol", "name", "value", "experiment"],
                condition=models.Q(segment="all"),
                name="metric_sorted",
            )
        ]

    def __str__(self) -> str:
        return f"{self.protocol} {self.name}"


class EvaluationDetail(models.Model):
    """Protocol definitions, confusion matrices and curves of a run's evaluation."""

    experiment = models.OneToOneField(Experiment, on_delete=models.CASCADE, related_name="evaluation")
    protocols = models.JSONField(default=dict)
    confusion = models.JSONField(default=dict)
    roc = models.JSONField(default=dict)
    precision_recall = models.JSONField(default=dict)
    calibration = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"evaluation of {self.experiment_id}"


class LogLine(models.Model):
    """One line of a run's log; what was written before a crash is kept."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="log_lines")
    attempt = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=10, default="info")
    message = models.TextField()

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["experiment", "id"], name="log_of_experiment")]

    def __str__(self) -> str:
        return self.message[:80]


class Artifact(models.Model):
    """A file of a run. The path is made by the server and never comes from a client."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="artifacts")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    path = models.CharField(max_length=300, help_text="Relative to the data root.")
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["experiment", "name"], name="artifact_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> Path:
        return Path(settings.DATA_ROOT) / self.path

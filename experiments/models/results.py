"""What a run leaves behind. Every row is written under the run's lease (experiments.jobs.lease)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from experiments.models.experiment import Experiment
from mlopspro.accounts.models import Workspace


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
    """One metric with its protocol, segment and reference lines (decision D2).

    Protocols are rated, catalogue and pointwise for recommenders, forecast, demand, action and spatial for models on
    tables; ``custom`` for metrics people define, ``logged`` for figures of runs
    that were logged elsewhere. The workspace is the run's, repeated here so that one index serves any list of runs.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="metric_values")
    protocol = models.CharField(max_length=20)
    name = models.CharField(max_length=250)
    segment = models.CharField(max_length=40, default="all")
    k = models.PositiveIntegerField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    higher_is_better = models.BooleanField(default=True)
    random = models.FloatField(null=True, blank=True)
    popularity = models.FloatField(null=True, blank=True)
    oracle = models.FloatField(null=True, blank=True)
    everything = models.FloatField(null=True, blank=True)
    naive = models.FloatField(null=True, blank=True)
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
                fields=["workspace", "protocol", "name", "value", "experiment"],
                condition=models.Q(segment="all"),
                name="metric_sorted",
            )
        ]

    def __str__(self) -> str:
        return f"{self.protocol} {self.name}"


class ParameterValue(models.Model):
    """One parameter of a run as lists filter and sort by it; ``Experiment.parameters`` is what the run was given.

    ``text`` is how it is written (true, 0.001, adam); ``number`` is set where it is a finite number.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="parameter_values")
    name = models.CharField(max_length=250)
    text = models.CharField(max_length=500)
    number = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["experiment", "name"], name="parameter_once")]
        indexes = [
            models.Index(fields=["workspace", "name", "number", "experiment"], name="parameter_by_number"),
            models.Index(fields=["workspace", "name", "text", "experiment"], name="parameter_by_text"),
        ]

    def __str__(self) -> str:
        return f"{self.name}={self.text}"


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

    @property
    def details(self) -> dict[str, Any]:
        """Of a model on a table: what its page draws (TabularEvaluation.details), kept in the place of calibration."""
        return dict(self.calibration)


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

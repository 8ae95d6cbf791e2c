"""Windows: what monitoring knows of one source in one stretch of time. Pages and checks read these, never the log."""

from __future__ import annotations

from django.db import models

from experiments.models import Experiment, RegisteredModel
from monitoring.models.source import Source


class Window(models.Model):
    """A minute, hour or day of one source, in UTC. Always computable again from the log: it is a function of the rows
    in its stretch, so a crash or a late piece of feedback can never make it count anything twice."""

    class Level(models.IntegerChoices):
        MINUTE = 60, "Minute"
        HOUR = 3600, "Hour"
        DAY = 86400, "Day"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="windows")
    level = models.PositiveIntegerField(choices=Level.choices, help_text="Its length in seconds.")
    start = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    predictions = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)
    labelled = models.PositiveBigIntegerField(default=0, help_text="Predictions that have feedback.")
    summary = models.JSONField(default=dict, help_text="Mergeable measures by name (monitoring/summaries).")
    revision = models.PositiveIntegerField(default=0, help_text="Goes up with each recomputation.")
    mirrored_revision = models.PositiveIntegerField(default=0, help_text="The revision that MLflow was told.")
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ("-start",)
        constraints = [models.UniqueConstraint(fields=["source", "level", "start"], name="window_once")]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(revision__gt=models.F("mirrored_revision")),
                name="window_to_mirror",
            ),
            models.Index(fields=["start"], condition=models.Q(state="open"), name="window_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.start:%Y-%m-%d %H:%M}"


class StaleMinute(models.Model):
    """A minute of a source that got rows since its window was computed. Only ever inserted and deleted: rows of
    concurrent writers never wait for each other, and whoever recomputes sees all that its rows stand for."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    minute = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.source_id} {self.minute:%Y-%m-%d %H:%M}"


class Snapshot(models.Model):
    """The state of a model at a moment: captured by us from the windows, or posted by who serves it elsewhere."""

    class Kind(models.TextChoices):
        INFERENCE = "inference", "Inference"
        TRAINING = "training", "Training"

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="snapshots")
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    experiment = models.ForeignKey(Experiment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.INFERENCE)
    captured_at = models.DateTimeField()
    through = models.CharField(max_length=20, default="schedule", help_text="schedule, api or command")
    performance = models.JSONField(default=dict)
    drift = models.JSONField(default=dict)
    freshness = models.JSONField(default=dict)
    alerts = models.JSONField(default=list)

    class Meta:
        ordering = ("-captured_at", "-id")
        indexes = [models.Index(fields=["model", "-captured_at"], name="snapshot_recent")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.captured_at:%Y-%m-%d %H:%M}"

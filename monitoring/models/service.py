"""The product watching itself: which processes live, how fast they answer, and what was refused or lost."""

from __future__ import annotations

from django.db import models


class ProcessBeat(models.Model):
    """The last sign of life of one process. A process that says goodbye deletes its row; one that dies leaves it."""

    name = models.CharField(max_length=40, help_text="web, worker-train, worker-io, beat, log-shipper")
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("name", "host", "pid")
        constraints = [models.UniqueConstraint(fields=["name", "host", "pid"], name="process_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.host}/{self.pid}"


class ServiceMinute(models.Model):
    """Answers that one web process gave in one minute on one group of addresses, with a sketch of their times."""

    process = models.CharField(max_length=170, help_text="host/pid/start")
    group = models.CharField(max_length=20, help_text="recommend, predict, ingest, page, api")
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField()
    errors = models.PositiveIntegerField(help_text="Answers of 500 and more.")
    total_ms = models.FloatField()
    sketch = models.TextField(help_text="A KLL sketch of milliseconds, base64.")

    class Meta:
        ordering = ("-minute",)
        constraints = [models.UniqueConstraint(fields=["minute", "group", "process"], name="service_minute_once")]

    def __str__(self) -> str:
        return f"{self.group} {self.minute:%Y-%m-%d %H:%M}"


class LogLoss(models.Model):
    """What did not get into the log as it was sent, counted by day and reason: nothing is dropped in silence."""

    class Reason(models.TextChoices):
        DOUBLED_PREDICTION = "doubled_prediction", "Prediction sent again"
        DOUBLED_FEEDBACK = "doubled_feedback", "Feedback sent again"
        REPLACED_FEEDBACK = "replaced_feedback", "Feedback replaced by a later one"
        UNKNOWN_FEEDBACK = "unknown_feedback", "Feedback whose prediction never came"
        LATE_FEEDBACK = "late_feedback", "Feedback after its day left the database"
        REFUSED_ROW = "refused_row", "Row refused"
        LOST_ENTRY = "lost_entry", "Entry that could not be written"
        DROPPED_SHADOW = "dropped_shadow", "Shadow not scored, too busy"

    workspace = models.ForeignKey(
        "accounts.Workspace", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    day = models.DateField()
    reason = models.CharField(max_length=20, choices=Reason.choices)
    count = models.PositiveBigIntegerField(default=0)
    detail = models.TextField(blank=True, help_text="Of the last one.")
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("-day", "reason")
        verbose_name_plural = "log losses"
        constraints = [
            models.UniqueConstraint(fields=["day", "reason", "workspace"], name="log_loss_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.reason}: {self.count}"

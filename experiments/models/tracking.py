"""Mirrors of runs in MLflow and W&B: what they are to receive waits here until they have it (decision D8)."""

from __future__ import annotations

from django.db import models

from experiments.models.experiment import Experiment


class TrackerName(models.TextChoices):
    MLFLOW = "mlflow", "MLflow"
    WANDB = "wandb", "Weights & Biases"


class MirrorState(models.TextChoices):
    PENDING = "pending", "Not synced yet"
    SYNCING = "syncing", "Syncing"
    OFFLINE = "offline", "Written offline"
    SYNCED = "synced", "Synced"

    @property
    def tone(self) -> str:
        return {"pending": "neutral", "syncing": "info", "offline": "neutral", "synced": "good"}[self.value]

    @property
    def icon(self) -> str:
        return {"pending": "cloud-off", "syncing": "refresh-cw", "offline": "hard-drive", "synced": "cloud"}[self.value]


class TrackerRun(models.Model):
    """One run's mirror in one tracker."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="tracker_runs")
    tracker = models.CharField(max_length=10, choices=TrackerName.choices)
    external_id = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=MirrorState.choices, default=MirrorState.PENDING)
    last_seq = models.PositiveIntegerField(default=0, help_text="Number of entries written for it so far.")
    synced_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Deliveries of this run that failed in a row.")
    retry_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "tracker"], name="tracker_run_once")]

    def __str__(self) -> str:
        return f"{self.tracker} {self.external_id or 'not synced yet'}"


class OutboxEntry(models.Model):
    """One message to a tracker. Delivered in order of ``seq``; delivering twice has the effect of once."""

    tracker_run = models.ForeignKey(TrackerRun, on_delete=models.CASCADE, related_name="outbox")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    refused = models.TextField(blank=True, help_text="Why the tracker will never take it; counts as dealt with.")

    class Meta:
        ordering = ("tracker_run", "seq")
        verbose_name_plural = "outbox entries"
        constraints = [models.UniqueConstraint(fields=["tracker_run", "seq"], name="outbox_seq_once")]
        indexes = [
            models.Index(
                fields=["tracker_run", "seq"], condition=models.Q(delivered_at__isnull=True), name="outbox_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class TrackerHealth(models.Model):
    """Circuit breaker of a tracker, shared by all workers: while it is open nobody waits for it."""

    tracker = models.CharField(max_length=10, choices=TrackerName.choices, unique=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "tracker health"

    def __str__(self) -> str:
        return self.get_tracker_display()


class LoggedRun(models.Model):
    """What the tracker says of a run that others logged straight to it; the run itself is an Experiment."""

    experiment = models.OneToOneField(Experiment, on_delete=models.CASCADE, related_name="logged")
    tracker = models.CharField(max_length=10, choices=TrackerName.choices, default=TrackerName.MLFLOW)
    external_id = models.CharField(max_length=100)
    external_experiment = models.CharField(max_length=500, blank=True, help_text="Name of the tracker's experiment.")
    external_status = models.CharField(max_length=20, blank=True)
    logged_by = models.CharField(max_length=250, blank=True)
    url = models.CharField(max_length=500, blank=True)
    tags = models.JSONField(default=dict, help_text="All its tags as the tracker has them.")
    files = models.JSONField(default=list, help_text="[{path, size_bytes, copied}] of its artifacts.")
    remark = models.TextField(blank=True, help_text="What could not be read, in words.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of what was last read; equal: nothing to do.")
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tracker", "external_id"], name="logged_run_once")]

    def __str__(self) -> str:
        return f"{self.tracker} {self.external_id}"


class LoggedSource(models.Model):
    """One experiment of a tracker whose runs are read, and how far."""

    tracker = models.CharField(max_length=10, choices=TrackerName.choices, default=TrackerName.MLFLOW)
    external_id = models.CharField(max_length=100)
    name = models.CharField(max_length=500)
    checked_at = models.DateTimeField(null=True, blank=True)
    newest_start = models.DateTimeField(null=True, blank=True)
    runs_found = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["tracker", "external_id"], name="logged_source_once")]

    def __str__(self) -> str:
        return self.name

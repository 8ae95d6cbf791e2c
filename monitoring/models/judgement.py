"""What windows are judged against, and what was found: settings, references, checks and findings."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel


class Verdict(models.TextChoices):
    """Of a finding, and of a check as a whole. "Not enough data" is an answer of its own, never "ok"."""

    OK = "ok", "OK"
    WATCH = "watch", "Watch"
    ACT = "act", "Act"
    NOT_ENOUGH = "not_enough", "Not enough data"

    @property
    def tone(self) -> str:
        return {"ok": "good", "watch": "warning", "act": "bad", "not_enough": "neutral"}[self.value]

    @property
    def icon(self) -> str:
        return {"ok": "circle-check", "watch": "eye", "act": "triangle-alert", "not_enough": "circle-dashed"}[
            self.value
        ]


class MonitoringSettings(models.Model):
    """How one model is judged. Defaults are those of decisions D3 to D5; a model without a row has them."""

    model = models.OneToOneField(RegisteredModel, on_delete=models.CASCADE, related_name="monitoring")
    price_false_positive = models.FloatField(default=10.0, help_text="Dollars for an irrelevant item shown.")
    price_false_negative = models.FloatField(default=50.0, help_text="Dollars for a relevant item missed.")
    price_over = models.FloatField(default=1.0, help_text="Dollars a unit a number was too high.")
    price_under = models.FloatField(default=1.0, help_text="Dollars a unit a number was too low.")
    cost_limit = models.FloatField(default=60.0, help_text="Dollars a 1,000 predictions.")
    minimum_labels = models.PositiveIntegerField(default=200, help_text="Fewer judge nothing.")
    minimum_sample = models.PositiveIntegerField(default=500, help_text="Predictions below which drift is not judged.")
    window_seconds = models.PositiveIntegerField(default=86400, help_text="Length of the stretch that is analysed.")
    watch_below = models.FloatField(default=0.85, help_text="Share of the baseline.")
    degraded_below = models.FloatField(default=0.80, help_text="Share of the baseline.")
    drift_threshold = models.FloatField(default=0.30, help_text="Of F1 instability and of the drift score.")
    thresholds = models.JSONField(default=dict, blank=True, help_text="{statistic: effect size}; empty: the defaults.")
    fresh_within_seconds = models.PositiveIntegerField(default=3600, help_text="Later than this, traffic is stale.")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "monitoring settings"

    def __str__(self) -> str:
        return f"monitoring of {self.model_id}"


class Reference(models.Model):
    """What a version's windows are compared with. Bins are fixed here, so that every window counts into the same."""

    class Kind(models.TextChoices):
        TRAINING = "training", "Training data"
        PINNED = "pinned", "Pinned stretch of live traffic"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="references")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    start = models.DateTimeField(null=True, blank=True, help_text="Of a pinned stretch.")
    end = models.DateTimeField(null=True, blank=True)
    profile = models.JSONField(help_text="{signal: bins, counts, kind, labels}; monitoring/summaries reads it.")
    active = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["version"], condition=models.Q(active=True), name="reference_one_active")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.version_id}"


class Check(models.Model):
    """One judgement of one area of one model over one stretch of time, with its findings."""

    class Area(models.TextChoices):
        QUALITY = "quality", "Quality"
        COST = "cost", "Cost of errors"
        DRIFT = "drift", "Drift"
        DATA = "data", "Data quality"
        FRESHNESS = "freshness", "Freshness"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="checks")
    version = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reference = models.ForeignKey(Reference, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    area = models.CharField(max_length=10, choices=Area.choices)
    start = models.DateTimeField()
    end = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    sentence = models.TextField()
    score = models.FloatField(null=True, help_text="The area's one figure: performance, dollars, drift score, seconds.")
    through = models.CharField(max_length=20, default="schedule", help_text="schedule, page, api or command")

    class Meta:
        ordering = ("-at",)
        indexes = [models.Index(fields=["model", "area", "-at"], name="check_recent")]

    def __str__(self) -> str:
        return f"{self.area} of {self.model_id}: {self.verdict}"

    @property
    def state(self) -> Verdict:
        """The verdict with its words, tone and icon."""
        return Verdict(self.verdict)


class Finding(models.Model):
    """One statistic over one signal."""

    check_of = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="findings")
    signal = models.CharField(max_length=200)
    statistic = models.CharField(max_length=40)
    value = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    p_value = models.FloatField(null=True)
    adjusted_p = models.FloatField(null=True, help_text="After Benjamini and Hochberg, among the check's findings.")
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    reference_size = models.PositiveBigIntegerField(null=True)
    current_size = models.PositiveBigIntegerField(null=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    detail = models.JSONField(default=dict, help_text="Histograms and what else a page draws.")

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["signal", "statistic"], name="finding_line")]

    def __str__(self) -> str:
        return f"{self.statistic} of {self.signal}: {self.verdict}"

    @property
    def state(self) -> Verdict:
        """The verdict with its words, tone and icon."""
        return Verdict(self.verdict)

"""What became of predictions. Stands in the partition of its prediction's day, so both leave together."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from mlopspro.accounts.models import WorkspaceOwned


class FeedbackKind(models.TextChoices):
    """How a value is read. Of a list: shown item by shown item; of a class or a number: the true one."""

    RATING = "rating", "Rating"
    CLICK = "click", "Click"
    CONVERSION = "conversion", "Conversion"
    SKIP = "skip", "Shown and passed over"
    LABEL = "label", "True label"
    VALUE = "value", "True value"


class Feedback(models.Model):
    """One piece of feedback on one prediction. Of contradictory ones the latest ``at`` counts; all are kept."""

    id = models.UUIDField(primary_key=True)
    day = models.DateField(help_text="Of the prediction; the partition.")
    prediction_id = models.UUIDField()
    item = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=12, choices=FeedbackKind.choices)
    value = models.FloatField(null=True)
    label = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Feedback]] = models.Manager()

    class Meta:
        ordering = ("-at",)
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.kind} on {self.prediction_id}"


class WaitingFeedback(WorkspaceOwned):
    """Feedback whose prediction is not known, or not yet: the log may still be on its way."""

    id = models.UUIDField(primary_key=True)
    prediction_id = models.UUIDField()
    item = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=12, choices=FeedbackKind.choices)
    value = models.FloatField(null=True)
    label = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("received_at",)
        verbose_name_plural = "waiting feedback"
        indexes = [
            models.Index(fields=["prediction_id"], name="waiting_for"),
            models.Index(fields=["received_at"], name="waiting_since"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.prediction_id}"

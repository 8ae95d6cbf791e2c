"""The prediction log: one table for all families, a partition a day (migration 0001 makes it, not Django).

Its rows are written by COPY (services/log_rows.py) and read by day and source; nothing counts them for a page. In
PostgreSQL the primary key is (day, id); Django is told of ``id`` alone, which is unique as well: an id carries its
day (our own) or is made from the caller's key (services/prediction_ids.py).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from monitoring.models.source import Source


class Prediction(models.Model):
    """One answered request: a ranked list, a class with confidence, or a number."""

    id = models.UUIDField(primary_key=True)
    day = models.DateField(help_text="Of ``at`` in UTC; the partition.")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.ForeignKey(Source, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    key = models.TextField(blank=True, default="", help_text="The caller's own id of it, where it gave one.")
    user = models.TextField(blank=True, default="")
    history = models.IntegerField(null=True, help_text="Interactions of the user that the version learnt from.")
    fallback = models.BooleanField(default=False, help_text="An unknown user: the list is popularity's.")
    items: ArrayField[Any, Any] = ArrayField(models.TextField(), null=True, help_text="Ranked, best first.")
    scores: ArrayField[Any, Any] = ArrayField(models.FloatField(), null=True)
    propensities: ArrayField[Any, Any] = ArrayField(
        models.FloatField(), null=True, help_text="Chance with which each item was shown, where it is known."
    )
    value = models.FloatField(null=True, help_text="Of models that answer with a number.")
    label = models.TextField(blank=True, default="", help_text="Of classifiers.")
    confidence = models.FloatField(null=True, help_text="0 to 1, where the model has one.")
    features = models.JSONField(null=True)
    input_size = models.IntegerField(null=True, help_text="Values that came in.")
    latency_ms = models.FloatField(null=True)
    error = models.TextField(blank=True, default="", help_text="Not empty: the request failed.")

    objects: ClassVar[models.Manager[Prediction]] = models.Manager()

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return str(self.pk)


class PredictionArchive(models.Model):
    """A day of a workspace's log written out as compressed JSON lines; then its partition may be dropped."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    path = models.CharField(max_length=300, help_text="Relative to the data root.")
    predictions = models.PositiveBigIntegerField()
    feedback = models.PositiveBigIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    written_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="When the day left the database.")

    class Meta:
        ordering = ("-day",)
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="archive_once")]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.day:%Y-%m-%d}"

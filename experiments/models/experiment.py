"""One run of training, evaluation or backtest on one dataset with one set of parameters."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from experiments.models.dataset import Dataset
from experiments.models.job import Job, job_constraints, job_indexes


class RunType(models.TextChoices):
    TRAIN = "train", "Training"
    EVAL = "eval", "Evaluation"
    BACKTEST = "backtest", "Backtest"


class Experiment(Job):
    KIND: ClassVar[str] = "experiment"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    run_type = models.CharField(max_length=10, choices=RunType.choices, default=RunType.TRAIN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_through = models.CharField(max_length=20, default="page", help_text="page, api, command or retraining")
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    idempotency_key = models.CharField(max_length=100, blank=True)

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="experiments")
    architecture = models.CharField(max_length=60)
    model_type = models.CharField(max_length=20)
    parameters = models.JSONField(default=dict)
    split = models.JSONField(default=dict, help_text="method, test_share, validation_share, seed")
    seed = models.PositiveIntegerField(default=42)
    trackers = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    config_hash = models.CharField(
        max_length=64, help_text="SHA-256 over data, architecture, parameters, split and seed."
    )

    environment = models.JSONField(default=dict, help_text="Who ran it on what: commit, command, packages, machine.")
    dataset_statistics = models.JSONField(default=dict)
    total_parameters = models.PositiveBigIntegerField(null=True, blank=True)
    best_epoch = models.PositiveIntegerField(null=True, blank=True)
    metrics = models.JSONField(default=dict, help_text="Headline figures as {protocol: {name: value}}, for lists.")
    timings = models.JSONField(default=dict, help_text="Seconds of each phase.")
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            *job_indexes("experiment"),
            models.Index(fields=["workspace", "-created_at", "id"], name="experiment_recent"),
            GinIndex(fields=["tags"], name="experiment_tags"),
        ]
        constraints = [
            *job_constraints("experiment"),
            models.UniqueConstraint(
                fields=["workspace", "created_by", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="experiment_idempotency",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> str:
        """Where its files live, relative to the data root; made from the id alone."""
        return f"experiments/{self.pk.hex[:2]}/{self.pk.hex}"

    @property
    def path(self) -> Path:
        return Path(settings.DATA_ROOT) / self.folder

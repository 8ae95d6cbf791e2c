"""One run of training, evaluation or backtest on one dataset with one set of parameters."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from experiments.learning.families import Family
from experiments.models.dataset import FAMILIES, Dataset
from experiments.models.history_indexes import history_indexes
from experiments.models.job import Job, job_constraints, job_indexes


class RunType(models.TextChoices):
    TRAIN = "train", "Training"
    EVAL = "eval", "Evaluation"
    BACKTEST = "backtest", "Backtest"


class Origin(models.TextChoices):
    """Who carried a run out: a worker of ours, or somebody who logged it straight to a tracker."""

    HERE = "here", "Trained here"
    MLFLOW = "mlflow", "Logged to MLflow"


class Experiment(Job):
    KIND: ClassVar[str] = "experiment"
    WORKED_OFF: ClassVar[models.Q] = models.Q(origin=Origin.HERE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    run_type = models.CharField(max_length=10, choices=RunType.choices, default=RunType.TRAIN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_through = models.CharField(max_length=20, default="page", help_text="page, api, command or retraining")
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    idempotency_key = models.CharField(max_length=100, blank=True)

    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.HERE)
    dataset = models.ForeignKey(
        Dataset,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="experiments",
        help_text="Empty only for runs that were logged elsewhere.",
    )
    architecture = models.CharField(max_length=60, blank=True)
    model_type = models.CharField(max_length=20, blank=True)
    parameters = models.JSONField(default=dict)
    split = models.JSONField(default=dict, help_text="method, test_share, validation_share, seed")
    seed = models.PositiveIntegerField(default=42)
    trackers = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)

    family = models.CharField(max_length=20, choices=FAMILIES, default=Family.RECOMMENDATION.value)
    preparation = models.JSONField(
        default=dict,
        blank=True,
        help_text="What else decides the numbers: features, roles, evaluation. Empty: the defaults.",
    )
    recipe_version = models.ForeignKey(
        "experiments.RecipeVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="experiments"
    )
    manifest = models.JSONField(
        default=dict, blank=True, help_text="The effective manifest as it was at the launch; empty without a recipe."
    )
    evaluates = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="evaluations",
        help_text="Of an evaluation: the training run whose model is judged again.",
    )
    register_as = models.ForeignKey(
        "experiments.RegisteredModel",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The model of which it becomes a version when it completes.",
    )
    search = models.ForeignKey(
        "experiments.Search", null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    trial = models.PositiveIntegerField(null=True, blank=True, help_text="Its number in the search, from 0.")
    pruned_at_epoch = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of a trial that was stopped as it could not become the best."
    )
    processes = models.PositiveSmallIntegerField(default=1, help_text="Among which the training is spread.")
    auto_promote = models.BooleanField(default=False, help_text="Promote that version if the gate lets it through.")
    config_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 over data, architecture, parameters, split and seed."
    )
    settings_hash = models.CharField(
        max_length=64, blank=True, help_text="The same without the seeds: equal in runs that repeat one configuration."
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
            *history_indexes(),
            models.Index(fields=["workspace", "settings_hash"], name="experiment_repeats"),
            GinIndex(fields=["tags"], name="experiment_tags"),
        ]
        constraints = [
            *job_constraints("experiment"),
            models.UniqueConstraint(
                fields=["workspace", "created_by", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="experiment_idempotency",
            ),
            models.CheckConstraint(
                condition=models.Q(dataset__isnull=False) | ~models.Q(origin=Origin.HERE),
                name="experiment_here_has_dataset",
            ),
            models.UniqueConstraint(fields=["search", "trial"], name="experiment_trial_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_logged(self) -> bool:
        """Logged elsewhere: it can be read and compared, not stopped, repeated or cloned."""
        return self.origin != Origin.HERE

    @property
    def is_worked_off(self) -> bool:
        return not self.is_logged

    @property
    def trained_on(self) -> Dataset:
        """Its dataset. Raises LookupError for a run that was logged elsewhere and has none of ours."""
        if self.dataset is None:
            raise LookupError(f"{self.name} was logged elsewhere and has no dataset here")
        return self.dataset

    def seems_lost(self, now: dt.datetime | None = None) -> bool:
        return not self.is_logged and super().seems_lost(now)

    @property
    def folder(self) -> str:
        """Where its files live, relative to the data root; made from the id alone."""
        return f"experiments/{self.pk.hex[:2]}/{self.pk.hex}"

    @property
    def path(self) -> Path:
        return Path(settings.DATA_ROOT) / self.folder

"""The registry: named models, their versions, what happened to them, and what is live."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from experiments.models.dataset import FAMILIES, Dataset
from experiments.models.experiment import Experiment
from experiments.models.recipe import Recipe, RecipeVersion
from mlopspro.accounts.models import WorkspaceOwned


class Stage(models.TextChoices):
    """Of a version. ``alias`` is what MLflow calls it, as its own stages are deprecated (decision D1)."""

    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"
    ARCHIVED = "archived", "Archived"

    @property
    def tone(self) -> str:
        return {"development": "neutral", "staging": "info", "production": "good", "archived": "neutral"}[self.value]

    @property
    def icon(self) -> str:
        return {"development": "hammer", "staging": "flask-conical", "production": "rocket", "archived": "archive"}[
            self.value
        ]

    @property
    def alias(self) -> str:
        return {"production": "champion", "staging": "challenger"}.get(self.value, "")


class RegisteredModel(WorkspaceOwned):
    """A named thing that can be served. The gate's settings are its own: decision D6 gives the defaults."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    family = models.CharField(max_length=20, choices=FAMILIES)
    recipe = models.ForeignKey(Recipe, null=True, blank=True, on_delete=models.PROTECT, related_name="models")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    headline = models.CharField(
        max_length=300, blank=True, help_text="protocol.metric that the gate compares; empty: what suits the data."
    )
    minimum_improvement = models.FloatField(
        default=0.01, help_text="By which a candidate must beat production; of metrics with units, as a share."
    )
    exploration = models.FloatField(
        default=0.0, help_text="Share of lists whose last place is drawn at random, so that propensities are known."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "model"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=models.Q(archived_at__isnull=True), name="model_name_unique"
            ),
            models.CheckConstraint(condition=models.Q(minimum_improvement__gte=0), name="model_improvement_positive"),
            models.CheckConstraint(
                condition=models.Q(exploration__gte=0, exploration__lte=1), name="model_exploration_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> str:
        """Where the files of its versions live, relative to the data root."""
        return f"models/{self.pk.hex[:2]}/{self.pk.hex}"


class ModelVersion(models.Model):
    """One version of a model, from one completed run. What it was made of is copied, so it outlives the run's row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.DEVELOPMENT)
    stage_changed_at = models.DateTimeField(default=timezone.now)
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="model_versions")
    recipe_version = models.ForeignKey(
        RecipeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="model_versions"
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="model_versions")
    dataset_sha256 = models.CharField(max_length=64)
    architecture = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)
    split = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=42)
    config_hash = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict, help_text="Headline figures at registration: {protocol: {name: value}}.")
    importance = models.JSONField(
        default=list, blank=True, help_text="What its answers depend on: [{name, share}], shares sum to 1."
    )
    notes = models.TextField(blank=True)
    card = models.JSONField(default=dict, blank=True, help_text="Sections of the model card that a person wrote.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("model", "-major", "-minor", "-patch")
        constraints = [
            models.UniqueConstraint(fields=["model", "major", "minor", "patch"], name="model_version_once"),
            models.UniqueConstraint(fields=["model", "experiment"], name="model_run_once"),
            models.UniqueConstraint(
                fields=["model"], condition=models.Q(stage="production"), name="model_one_in_production"
            ),
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="model_stage_known"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.number}"

    @property
    def number(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def state(self) -> Stage:
        return Stage(self.stage)

    @property
    def folder(self) -> str:
        return f"{self.model.folder}/{self.pk.hex}"

    @property
    def path(self) -> Path:
        return Path(settings.DATA_ROOT) / self.folder


class ModelFile(models.Model):
    """A file of a version; its hash is checked each time it is loaded."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    path = models.CharField(max_length=300, help_text="Relative to the data root.")
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="model_file_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> Path:
        return Path(settings.DATA_ROOT) / self.path


class StageChange(models.Model):
    """One step of a version's life with its evidence; append-only."""

    class Kind(models.TextChoices):
        REGISTERED = "registered", "Registered"
        PROMOTED = "promoted", "Promoted"
        REPLACED = "replaced", "Replaced"
        ROLLED_BACK = "rolled_back", "Rolled back"
        MOVED = "moved", "Moved"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="stage_changes")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    from_stage = models.CharField(max_length=12, choices=Stage.choices, blank=True)
    to_stage = models.CharField(max_length=12, choices=Stage.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    through = models.CharField(max_length=20, default="page", help_text="page, api, command, run or retraining")
    reason = models.TextField(blank=True)
    forced = models.BooleanField(default=False)
    blockers = models.JSONField(default=list, help_text="What spoke against it at that moment.")
    gate = models.JSONField(default=dict, help_text="The comparison with production it was decided on.")

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["version", "-at"], name="stage_change_recent")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.kind}"


class Deployment(models.Model):
    """A version that answers requests from one moment to another, with a share of the traffic.

    The champion is the version in production; challengers and shadows stand beside it. An interleaved version shares
    each list of its users with the champion. What was live at a moment is a question to these rows.
    """

    class As(models.TextChoices):
        CHAMPION = "champion", "Champion"
        CHALLENGER = "challenger", "Challenger"
        SHADOW = "shadow", "Shadow"
        INTERLEAVED = "interleaved", "Interleaved"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="deployments")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    role = models.CharField(max_length=12, choices=As.choices, default=As.CHAMPION)
    share = models.FloatField(default=1.0, help_text="Of the traffic, 0 to 1.")
    salt = models.CharField(
        max_length=40, blank=True, help_text="Users are drawn by it: a trial draws them anew. One for all of a model."
    )
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = [models.Index(fields=["model", "-started_at"], name="deployment_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["model"],
                condition=models.Q(role="champion", ended_at__isnull=True),
                name="deployment_one_champion",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")),
                name="deployment_ends_after_start",
            ),
            models.CheckConstraint(condition=models.Q(share__gte=0, share__lte=1), name="deployment_share"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} as {self.role}"


class RegistryMessage(models.Model):
    """What MLflow's registry is to be told of a model; delivered in order by the io worker (decision D8)."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=20, help_text="register, alias or unalias")
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ("id",)
        indexes = [
            models.Index(fields=["id"], condition=models.Q(delivered_at__isnull=True), name="registry_message_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model_id}"

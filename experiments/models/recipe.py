"""Recipes: templates that say how a kind of model is built. Their versions carry the manifest and never change."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from experiments.models.dataset import FAMILIES, Dataset
from experiments.models.experiment import Experiment
from mlopspro.accounts.models import WorkspaceOwned


class Level(models.TextChoices):
    """From the general to the particular; a recipe inherits from one of a level before its own."""

    BASELINE = "baseline", "Baseline"
    INDUSTRY = "industry", "Industry"
    CLIENT = "client", "Client"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class RecipeStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    ARCHIVED = "archived", "Archived"

    @property
    def tone(self) -> str:
        return {"draft": "neutral", "approved": "good", "archived": "neutral"}[self.value]

    @property
    def icon(self) -> str:
        return {"draft": "pencil", "approved": "circle-check", "archived": "archive"}[self.value]


class Recipe(WorkspaceOwned):
    """``status`` is approved as soon as one of its versions is, archived when a person says so, else draft."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    family = models.CharField(max_length=20, choices=FAMILIES)
    level = models.CharField(max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    status = models.CharField(max_length=10, choices=RecipeStatus.choices, default=RecipeStatus.DRAFT)
    is_seeded = models.BooleanField(default=False, help_text="A baseline that ships with the product.")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("family", "level", "name")
        indexes = [
            models.Index(fields=["workspace", "family", "level", "name"], name="recipe_listed"),
            GinIndex(fields=["tags"], name="recipe_tags"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=models.Q(deleted_at__isnull=True), name="recipe_name_unique"
            ),
            models.CheckConstraint(condition=models.Q(status__in=RecipeStatus.values), name="recipe_status_known"),
            models.CheckConstraint(condition=models.Q(level__in=Level.values), name="recipe_level_known"),
            models.CheckConstraint(
                condition=models.Q(level="baseline", parent__isnull=True)
                | (~models.Q(level="baseline") & models.Q(parent__isnull=False)),
                name="recipe_baseline_has_no_parent",
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")), name="recipe_not_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecipeVersion(models.Model):
    """Immutable: a trigger refuses changes to everything but the approval. ``manifest`` is what this level says,
    a merge patch (RFC 7396) on the parent version's effective manifest; ``effective`` is the whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipe = models.ForeignKey(Recipe, on_delete=models.CASCADE, related_name="versions")
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()
    manifest = models.JSONField()
    parent_version = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="child_versions"
    )
    effective = models.JSONField()
    effective_sha256 = models.CharField(max_length=64)
    changes = models.JSONField(default=list, help_text="[{path, kind, before, after}] from the version before it.")
    change_note = models.TextField()
    status = models.CharField(max_length=10, choices=RecipeStatus.choices, default=RecipeStatus.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("recipe", "-major", "-minor", "-patch")
        constraints = [
            models.UniqueConstraint(fields=["recipe", "major", "minor", "patch"], name="recipe_version_once"),
            models.CheckConstraint(condition=models.Q(status__in=RecipeStatus.values), name="recipe_version_known"),
        ]

    def __str__(self) -> str:
        return f"{self.recipe} {self.number}"

    @property
    def number(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class RecipeExample(models.Model):
    """A synthetic example of a recipe: data from a documented process whose truth is known, and a run on it."""

    recipe = models.OneToOneField(Recipe, on_delete=models.CASCADE, related_name="example")
    seed = models.PositiveIntegerField(default=0)
    schema = models.JSONField(default=list, help_text="[{name, type, role, description}].")
    sample_rows = models.JSONField(default=list, help_text="The first rows, as {column: value}.")
    truth = models.JSONField(default=dict, help_text="What the process really does, for people to check a run by.")
    dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    experiment = models.ForeignKey(Experiment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"example of {self.recipe_id}"

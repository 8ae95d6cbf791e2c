"""A dataset is an immutable snapshot; an import is the job that makes one."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models.job import Job, job_constraints, job_indexes
from mlopspro.accounts.models import WorkspaceOwned

FAMILIES = [(family.value, family.label) for family in Family]


class FeedbackKind(models.TextChoices):
    EXPLICIT = "explicit", "Explicit ratings"
    IMPLICIT = "implicit", "Implicit events"


class Dataset(WorkspaceOwned):
    """What is known of a snapshot without opening its files. Rows are never changed but for name and deleted_at."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    family = models.CharField(
        max_length=20,
        choices=FAMILIES,
        default=Family.RECOMMENDATION.value,
        help_text="What its shape serves: interactions for recommendation, a table with roles for the others.",
    )
    roles = models.JSONField(default=dict, blank=True, help_text="Of a table: which column is what.")
    columns = models.JSONField(
        default=list, blank=True, help_text="Of a table: [{name, type, role, missing, distinct, minimum, maximum}]."
    )
    feedback = models.CharField(max_length=10, choices=FeedbackKind.choices, blank=True)
    num_users = models.PositiveIntegerField()
    num_items = models.PositiveIntegerField()
    num_interactions = models.PositiveBigIntegerField(help_text="Of a table: its rows.")
    scale_min = models.FloatField(null=True, blank=True)
    scale_max = models.FloatField(null=True, blank=True)
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    has_timestamps = models.BooleanField()
    has_given_split = models.BooleanField()
    user_features = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    item_features = ArrayField(models.CharField(max_length=200), default=list, blank=True)

    sha256 = models.CharField(max_length=64, help_text="Of the content, whatever the order of its rows.")
    folder = models.CharField(max_length=200, editable=False, help_text="Relative to the data root.")
    size_bytes = models.PositiveBigIntegerField(default=0)
    source = models.JSONField(default=dict, help_text="File names, format and column mapping it was read with.")
    statistics = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    num_refused = models.PositiveIntegerField(default=0)
    num_duplicates = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=["workspace", "-created_at"], name="dataset_recent")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(feedback__in=FeedbackKind.values)
                | (models.Q(feedback="") & ~models.Q(family=Family.RECOMMENDATION.value)),
                name="dataset_feedback_known",
            ),
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=models.Q(deleted_at__isnull=True), name="dataset_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.DATA_ROOT) / self.folder

    @property
    def is_table(self) -> bool:
        """A table with roles, not interactions: it has no users and items, and other architectures learn from it."""
        return Family(self.family).is_tabular

    @property
    def sparsity(self) -> float:
        """Share of all (user, item) pairs about which nothing is known."""
        cells = self.num_users * self.num_items
        return 1 - self.num_interactions / cells if cells else 0.0

    @property
    def scale(self) -> tuple[float, float] | None:
        if self.scale_min is None or self.scale_max is None:
            return None
        return self.scale_min, self.scale_max

    @property
    def digest(self) -> str:
        return self.sha256[:12]


class DatasetImport(Job):
    """Uploaded files on their way to a dataset: a draft until a person has seen how they would be read."""

    KIND: ClassVar[str] = "import"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    format = models.CharField(max_length=40)
    folder = models.CharField(max_length=200, editable=False, help_text="Staged files, relative to the data root.")
    files = models.JSONField(default=dict, help_text='Staged file of each role, e.g. {"interactions": {"name": …}}.')
    detected = models.JSONField(default=dict, help_text="Encoding, separator, columns and first rows as detected.")
    options = models.JSONField(default=dict, help_text="Column mapping and reading options that a person confirmed.")
    report = models.JSONField(default=dict)
    dataset = models.OneToOneField(Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="import_job")

    class Meta:
        ordering = ("-created_at",)
        indexes = job_indexes("import")
        constraints = job_constraints("import")

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.DATA_ROOT) / self.folder

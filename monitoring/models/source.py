"""What answered: one version of a model in one role. Predictions and windows point here and nowhere else."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from mlopspro.accounts.models import WorkspaceOwned


class Source(WorkspaceOwned):
    """A version of a model in a role. ``label`` is the caller's word for a version that the registry does not have.

    A shadow is heard by nobody, and of an interleaved list half is the champion's: neither counts among a version's
    own figures (``is_own``). In what people were shown at all, how fast and with how many failures, interleaved lists
    count.
    """

    class As(models.TextChoices):
        CHAMPION = "champion", "Champion"
        CHALLENGER = "challenger", "Challenger"
        SHADOW = "shadow", "Shadow"
        ELSEWHERE = "elsewhere", "Served elsewhere"
        INTERLEAVED = "interleaved", "Interleaved with the champion"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="sources")
    version = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="sources")
    label = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=12, choices=As.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("model", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["model", "version", "label", "role"], name="source_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.number} as {self.get_role_display().lower()}"

    @property
    def is_own(self) -> bool:
        """Whether its answers are this version's alone, and people saw them."""
        return self.role not in NOT_OWN

    @property
    def number(self) -> str:
        """The version's number, or the caller's own word for it."""
        return self.version.number if self.version is not None else self.label or "unversioned"


NOT_OWN = (Source.As.SHADOW, Source.As.INTERLEAVED)
"""Roles whose answers are nobody's own figures."""

"""Drills: real data replayed in time order under several policies, to see what each would have brought."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from experiments.models import Dataset
from experiments.models.job import Job, job_constraints, job_indexes


class Drill(Job):
    """A job of the workers, or of ``manage.py drill``. Its result is what the page draws."""

    KIND: ClassVar[str] = "drill"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    dataset = models.ForeignKey(
        Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="None: synthetic."
    )
    parameters = models.JSONField(default=dict, help_text="Data, architecture, policies, drift, seed.")
    result = models.JSONField(default=dict, help_text="By policy: quality over time, retrainings, cost, delays.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = job_constraints("drill")
        indexes = job_indexes("drill")

    def __str__(self) -> str:
        return self.name

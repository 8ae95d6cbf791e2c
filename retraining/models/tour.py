"""The guided demonstration: the whole loop, driven unattended, with a row a step that a page narrates."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from mlopspro.accounts.models import WorkspaceOwned


class Tour(WorkspaceOwned):
    """One showing of the loop. A step is found again by its key, so a driver that was killed goes on."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    facts = models.JSONField(default=dict, help_text="What later steps need: ids of data, runs, model, versions.")
    sentence = models.TextField(blank=True, help_text="How it ended.")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=["workspace"], condition=models.Q(state="running"), name="tour_one_running"),
        ]

    def __str__(self) -> str:
        return f"tour of {self.started_at:%Y-%m-%d %H:%M}"


class TourStep(models.Model):
    """What happens, why it matters, and where to look at it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    tour = models.ForeignKey(Tour, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    sentence = models.TextField(blank=True, help_text="What came of it, with its figures.")
    evidence = models.JSONField(default=dict, help_text="Figures and links that the page shows.")
    progress = models.FloatField(null=True, blank=True, help_text="0 to 1, where it is known.")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("tour", "number")
        constraints = [
            models.UniqueConstraint(fields=["tour", "key"], name="tour_step_key_once"),
            models.UniqueConstraint(fields=["tour", "number"], name="tour_step_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.key}: {self.state}"

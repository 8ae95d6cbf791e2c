"""A/B tests and interleavings: several versions answer real users, and a test says which is better."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models import Deployment, ModelVersion, RegisteredModel


class Trial(models.Model):
    """One running trial a model. Its plan is fixed when it starts, so that nobody moves the goal afterwards."""

    class Kind(models.TextChoices):
        SPLIT = "split", "A/B split of users"
        INTERLEAVING = "interleaving", "Interleaved lists"

    class Method(models.TextChoices):
        FIXED = "fixed", "Fixed horizon"
        SEQUENTIAL = "sequential", "Always valid"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="trials")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SPLIT)
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.SEQUENTIAL)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    metric = models.CharField(max_length=60)
    plan = models.JSONField(default=dict, help_text="Level, power, least effect, users planned, guard-rails.")
    salt = models.CharField(max_length=40, blank=True, help_text="Of the split: a trial draws users anew.")
    planned_end = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    next_reading_at = models.DateTimeField(
        null=True, blank=True, help_text="A reading costs what the log of the trial costs, so long ones are rarer."
    )
    trouble = models.TextField(blank=True, help_text="Why the last reading failed; empty as a rule.")
    verdict = models.JSONField(default=dict, help_text="As it stood at the end.")
    winner = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["model"], condition=models.Q(state="running"), name="trial_one_running"),
            models.UniqueConstraint(fields=["model", "name"], name="trial_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TrialArm(models.Model):
    """A version in a trial; the control is the champion of its start."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="arms")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    deployment = models.ForeignKey(Deployment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    share = models.FloatField(help_text="Of the users, 0 to 1.")
    is_control = models.BooleanField(default=False)

    class Meta:
        ordering = ("-is_control", "id")
        constraints = [
            models.UniqueConstraint(fields=["trial", "version"], name="trial_arm_once"),
            models.UniqueConstraint(fields=["trial"], condition=models.Q(is_control=True), name="trial_one_control"),
            models.CheckConstraint(condition=models.Q(share__gt=0, share__lte=1), name="trial_arm_share"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} in {self.trial_id}"


class TrialReading(models.Model):
    """The trial as it stood at a moment: sums of each arm and what the test said. Pages read these, never the log."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    arms = models.JSONField(default=list, help_text="Users, requests and sums of the metric and guard-rails.")
    verdict = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at",)
        constraints = [models.UniqueConstraint(fields=["trial", "at"], name="trial_reading_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} at {self.at:%Y-%m-%d %H:%M}"

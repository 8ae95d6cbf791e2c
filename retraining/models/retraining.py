"""A retraining: from a decision over data, training, gate and canary to promoted or held; each step a row."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models import Dataset, Experiment, ModelVersion, RegisteredModel
from retraining.models.policy import Decision


class Retraining(models.Model):
    """One at a time a model. A driver moves it on step by step; after a kill its next turn goes on from the rows."""

    class State(models.TextChoices):
        COMPOSING = "composing", "Composing data"
        TRAINING = "training", "Training"
        GATE = "gate", "At the gate"
        CANARY = "canary", "Canary"
        PROMOTED = "promoted", "Promoted"
        HELD = "held", "Held back"
        ROLLED_BACK = "rolled_back", "Rolled back"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

        @property
        def is_open(self) -> bool:
            return self.value in OPEN

        @property
        def tone(self) -> str:
            if self.is_open:
                return "info"
            return {"promoted": "good", "failed": "bad", "rolled_back": "bad"}.get(self.value, "neutral")

        @property
        def icon(self) -> str:
            if self.is_open:
                return "loader-circle"
            return {"promoted": "circle-check", "failed": "circle-x", "rolled_back": "undo-2"}.get(self.value, "ban")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="retrainings")
    decision = models.OneToOneField(
        Decision, null=True, blank=True, on_delete=models.SET_NULL, related_name="retraining"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.COMPOSING)
    base = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="+", help_text="In production when it began."
    )
    plan = models.JSONField(default=dict, help_text="Data, gate and canary as the policy had them when it began.")
    dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    experiment = models.OneToOneField(
        Experiment, null=True, blank=True, on_delete=models.SET_NULL, related_name="retraining"
    )
    version = models.OneToOneField(
        ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="retraining"
    )
    sentence = models.TextField(blank=True, help_text="How it ended, or what it waits for.")
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = [models.Index(fields=["model", "-started_at"], name="retraining_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["model"],
                condition=models.Q(state__in=["composing", "training", "gate", "canary"]),
                name="retraining_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["composing", "training", "gate", "canary"])
                | models.Q(ended_at__isnull=False),
                name="retraining_ended_has_end",
            ),
        ]

    def __str__(self) -> str:
        return f"retraining of {self.model_id}: {self.state}"

    @property
    def status(self) -> State:
        return self.State(self.state)


OPEN = ("composing", "training", "gate", "canary")


class RetrainingStep(models.Model):
    """What was done when, with its evidence. ``number`` makes a step the same step however often it is tried."""

    class Kind(models.TextChoices):
        COMPOSE = "compose", "Compose data"
        TRAIN = "train", "Train"
        REGISTER = "register", "Register"
        GATE = "gate", "Gate"
        CANARY = "canary", "Canary"
        PROMOTE = "promote", "Promote"
        ROLL_BACK = "roll_back", "Roll back"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

        @property
        def tone(self) -> str:
            return {"running": "info", "done": "good", "refused": "warning", "failed": "bad"}.get(self.value, "neutral")

        @property
        def icon(self) -> str:
            return {
                "running": "loader-circle",
                "done": "circle-check",
                "refused": "hand",
                "failed": "circle-x",
            }.get(self.value, "ban")

    retraining = models.ForeignKey(Retraining, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    sentence = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, help_text="Rows, gate, guard-rails, share of traffic.")
    attempts = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("retraining", "number")
        constraints = [models.UniqueConstraint(fields=["retraining", "number"], name="retraining_step_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}: {self.state}"

    @property
    def tone(self) -> str:
        return self.State(self.state).tone

    @property
    def icon(self) -> str:
        return self.State(self.state).icon

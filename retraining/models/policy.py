"""When a model is trained again and who decides it: policies, the switch that stops all, and stored decisions."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace


class Policy(models.Model):
    """The policy of one model. A model without a row has the defaults of decision D6: it proposes."""

    model = models.OneToOneField(RegisteredModel, on_delete=models.CASCADE, related_name="retraining_policy")
    document = models.JSONField(default=dict, help_text="Triggers, schedule and brakes: retraining.policy.Policy.")
    plan = models.JSONField(default=dict, help_text="How a retraining goes: data, gate, canary, who promotes.")
    revision = models.PositiveIntegerField(default=1, help_text="Goes up with each change; decisions keep theirs.")
    schedule_since = models.DateTimeField(
        default=timezone.now, help_text="Slots of the schedule after this are due; moves on with each that was met."
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"policy of {self.model_id}"


class KillSwitch(models.Model):
    """Stops all automation of a workspace while it is on. Without a row it is off."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="kill_switch")
    stopped = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "kill switches"

    def __str__(self) -> str:
        return "stopped" if self.stopped else "running"


class Tier(models.TextChoices):
    """How urgent retraining is. "Not enough data" is an answer of its own, never "monitor"."""

    IMMEDIATE = "immediate", "Immediate"
    CONSIDER_SOON = "consider_soon", "Consider soon"
    MONITOR = "monitor", "Monitor"
    NOT_ENOUGH = "not_enough", "Not enough data"

    @property
    def tone(self) -> str:
        return {"immediate": "bad", "consider_soon": "warning", "monitor": "good"}.get(self.value, "neutral")

    @property
    def icon(self) -> str:
        return {
            "immediate": "triangle-alert",
            "consider_soon": "eye",
            "monitor": "circle-check",
            "not_enough": "circle-dashed",
        }[self.value]


class Decision(models.Model):
    """One evaluation of a policy, stored also when it says that nothing is to be done. Append-only but for ``answer``:
    what a person said to a proposal."""

    class Action(models.TextChoices):
        NONE = "none", "Nothing"
        PROPOSE = "propose", "Proposed"
        RETRAIN = "retrain", "Retrain"

    class Answer(models.TextChoices):
        OPEN = "open", "Waits for an answer"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        SUPERSEDED = "superseded", "A later one took its place"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField()
    tier = models.CharField(max_length=16, choices=Tier.choices)
    action = models.CharField(max_length=8, choices=Action.choices)
    sentence = models.TextField()
    document = models.JSONField(default=dict, help_text="Triggers, reasons, brakes: retraining.policy.Decision.")
    inputs = models.JSONField(default=dict, help_text="All that the policy saw: from it the same decision follows.")
    policy = models.JSONField(default=dict, help_text="The policy as it was.")
    policy_revision = models.PositiveIntegerField(default=1)
    slot = models.DateTimeField(null=True, blank=True, help_text="Of the schedule, where one was due.")
    through = models.CharField(max_length=20, default="schedule", help_text="schedule, page, api, command or drill")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True, help_text="Of a proposal.")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["model", "-at"], name="decision_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "slot"], condition=models.Q(slot__isnull=False), name="decision_once_a_slot"
            ),
            models.UniqueConstraint(
                fields=["model"], condition=models.Q(answer="open"), name="decision_one_open_proposal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} for {self.model_id}"

    @property
    def state(self) -> Tier:
        return Tier(self.tier)

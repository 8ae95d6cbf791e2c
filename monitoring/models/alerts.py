"""Alerts: rules that open them, their life, and how people are told."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models import RegisteredModel
from mlopspro.accounts.models import WorkspaceOwned


class Severity(models.TextChoices):
    INFO = "info", "Info"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"

    @property
    def tone(self) -> str:
        return {"info": "info", "warning": "warning", "critical": "bad"}[self.value]


class Channel(WorkspaceOwned):
    """A way to tell people. ``target`` of Slack and webhooks is a secret address: stored sealed, never shown whole."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        WEBHOOK = "webhook", "Webhook"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.TextField(help_text="Sealed: addresses of people, or the address that is posted to.")
    signing_key = models.TextField(blank=True, help_text="Sealed: with which webhooks are signed.")
    least_severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="channel_name_once")]

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """When somebody must look. Hysteresis: opens after ``for_checks`` bad checks in a row, resolves after as many good
    ones beyond ``clear_at``."""

    class Comparison(models.TextChoices):
        ABOVE = "above", "Above"
        BELOW = "below", "Below"
        ANOMALY = "anomaly", "Unlike its own past"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=120)
    signal = models.CharField(max_length=120, help_text="area.figure, as monitoring/alerts/signals.py lists them.")
    comparison = models.CharField(max_length=10, choices=Comparison.choices)
    threshold = models.FloatField(help_text="Of an anomaly: robust standard deviations.")
    clear_at = models.FloatField(null=True, blank=True, help_text="Empty: the threshold itself.")
    window_seconds = models.PositiveIntegerField(default=3600)
    minimum_sample = models.PositiveIntegerField(default=200)
    for_checks = models.PositiveSmallIntegerField(default=2)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    enabled = models.BooleanField(default=True)
    seeded = models.BooleanField(default=False, help_text="One of those that every model starts with.")
    channels: models.ManyToManyField[Channel, Any] = models.ManyToManyField(
        Channel, blank=True, related_name="rules", help_text="None: every channel of the workspace."
    )
    state = models.JSONField(default=dict, help_text="How many bad or good checks in a row, and the last value.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("model", "name")
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="alert_rule_once")]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """A finding that somebody must see. One at a time a rule: a signal that flaps reopens it instead of a new one."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        SNOOZED = "snoozed", "Snoozed"
        RESOLVED = "resolved", "Resolved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    sentence = models.TextField()
    value = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    evidence = models.JSONField(default=dict, help_text="Check, window, version: what the page links to.")
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(help_text="When the signal was last bad.")
    snoozed_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    occurrences = models.PositiveIntegerField(default=1, help_text="How often it came back within its one life.")
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-opened_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["rule"], condition=~models.Q(state="resolved"), name="alert_one_open_a_rule"
            )
        ]
        indexes = [models.Index(fields=["state", "-opened_at"], name="alert_recent")]

    def __str__(self) -> str:
        return self.sentence


class AlertEvent(models.Model):
    """One step of an alert's life; append-only."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        RETURNED = "returned", "Came back"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        SNOOZED = "snoozed", "Snoozed"
        WOKE = "woke", "Snooze over"
        RESOLVED = "resolved", "Resolved"
        NOTE = "note", "Note"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"


class Delivery(models.Model):
    """An outbox row: one event to one channel. Tried again with growing pauses until it arrives or is given up."""

    event = models.ForeignKey(AlertEvent, null=True, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    payload = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="None: nothing more is tried.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="delivery_once")]
        indexes = [models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="delivery_waiting")]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.channel_id}"


class DeliveryAttempt(models.Model):
    """One try, for people who ask why nobody was told."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    succeeded = models.BooleanField()
    status = models.PositiveIntegerField(null=True, help_text="HTTP status, where there is one.")
    milliseconds = models.FloatField()
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.delivery_id} {'arrived' if self.succeeded else 'failed'}"

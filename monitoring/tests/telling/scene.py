"""Channels, alerts and their events for tests of what people are told."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import Workspace
from monitoring.models.alerts import Alert, AlertEvent, AlertRule, Channel
from monitoring.services import channels
from monitoring.services.channels import ChannelSpec

SLACK = "https://hooks.slack.com/services/T000/B000/XXXXWXYZ"


def make_channel(workspace: Workspace, kind: str = "email", target: str = "", **fields: Any) -> Channel:
    """Made as people make it. Targets: ada@example.org, SLACK, https://example.org/hook."""
    usual = {"email": "ada@example.org", "slack": SLACK, "webhook": "https://example.org/hook"}
    asked = {"name": f"{kind} channel", "kind": kind, "target": target or usual[kind], **fields}
    return channels.create(workspace=workspace, actor=None, spec=ChannelSpec(**asked)).channel


def make_rule(workspace: Workspace, name: str = "NDCG@10 is low", **fields: Any) -> AlertRule:
    model = fields.pop("model", None) or make_model_row(workspace)
    values = {"signal": "quality.ndcg_at_10", "comparison": "below", "threshold": 0.34, "severity": "warning"}
    return AlertRule.objects.create(model=model, name=name, **(values | fields))


def make_event(
    workspace: Workspace, kind: str = "opened", *, rule: AlertRule | None = None, **fields: Any
) -> AlertEvent:
    """Of the rule's open alert, or of a new one; ``fields`` are the alert's."""
    of = rule or AlertRule.objects.filter(model__workspace=workspace).first() or make_rule(workspace)
    now = timezone.now()
    values: dict[str, Any] = {
        "severity": of.severity, "value": 0.31, "threshold": of.threshold, "opened_at": now, "last_seen_at": now,
        "sentence": "NDCG@10 is 0.31, 78 % of its baseline 0.40 (2,140 judged lists, last 24 hours).",
    }  # fmt: skip
    found = Alert.objects.filter(rule=of).exclude(state="resolved").first()
    alert = found or Alert.objects.create(rule=of, **(values | fields))
    return AlertEvent.objects.create(alert=alert, kind=kind, at=now)

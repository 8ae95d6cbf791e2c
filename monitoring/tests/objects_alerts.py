"""What the addresses of alerts and their rules point at, for the walk over all routes."""

from __future__ import annotations

import uuid

from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from monitoring.models import Alert, AlertRule


def a_rule(workspace: Workspace) -> AlertRule:
    model = make_model_row(workspace)
    return AlertRule.objects.create(
        model=model, name=f"rule {uuid.uuid4().hex}", signal="drift.score", comparison="above", threshold=0.3
    )


def an_alert(workspace: Workspace) -> Alert:
    now = timezone.now()
    return Alert.objects.create(
        rule=a_rule(workspace), severity="warning", sentence="Drift.", opened_at=now, last_seen_at=now
    )


@objects_for("monitoring:alert*", "pk")
def alert(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": an_alert(workspace).pk}


@objects_for("monitoring:alert_rule", "pk")
@objects_for("monitoring:alert_rule_switch", "pk")
@objects_for("monitoring:alert_rule_follow", "pk")
@objects_for("monitoring:alert_rule_delete", "pk")
def rule(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": a_rule(workspace).pk}


@objects_for("monitoring:alert_rules", "pk")
@objects_for("monitoring:alert_rules_seed", "pk")
@objects_for("monitoring:alert_rule_new", "pk")
@objects_for("monitoring:alert_rule_preview", "pk")
def model_with_rules(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_model_row(workspace).pk}


@objects_for("api:alert*", "alert_id")
def alert_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"alert_id": an_alert(workspace).pk}


@objects_for("api:alert_rule*", "rule_id")
def rule_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"rule_id": a_rule(workspace).pk}


@objects_for("api:alert_rule*", "model_id")
def model_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": make_model_row(workspace).pk}

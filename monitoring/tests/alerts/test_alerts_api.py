"""The API and the command of alerts: lists, acts, rules, and errors that name what would be accepted."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Alert, AlertRule
from monitoring.tests.alerts.scenes import make_rule, open_alert, quiet_model

pytestmark = pytest.mark.django_db
ROOT = "/api/monitoring/alerts"


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.ENGINEER, name="Ada"))


@pytest.fixture
def model(workspace):
    return quiet_model(workspace)


@pytest.fixture
def alert(model):
    return open_alert(model)


def send(client, method, path, **body):
    return getattr(client, method)(path, json.dumps(body), content_type="application/json")


def test_the_list_filters_and_pages_by_place(client, model, alert):
    rule = make_rule(model, name="Other", severity="critical")
    for hours in range(1, 4):
        at = timezone.now() - dt.timedelta(hours=hours)
        Alert.objects.create(
            rule=rule,
            severity="critical",
            sentence="x",
            opened_at=at,
            last_seen_at=at,
            state="resolved",
            resolved_at=at,
        )
    first = client.get(ROOT, {"limit": 2}).json()
    rest = client.get(ROOT, {"limit": 2, "after": first["next_after"]}).json()
    assert [len(first["data"]), len(rest["data"]), rest["next_after"]] == [2, 2, None]
    assert len({one["id"] for one in first["data"] + rest["data"]}) == 4
    assert [one["rule_name"] for one in client.get(ROOT, {"state": "live"}).json()["data"]] == ["Performance"]
    assert len(client.get(ROOT, {"severity": "critical"}).json()["data"]) == 3
    assert len(client.get(ROOT, {"model": str(model.pk)}).json()["data"]) == 4
    for wrong in ({"state": "loud"}, {"after": "x"}, {"limit": 0}, {"colour": "red"}):
        assert client.get(ROOT, wrong).status_code == 422
    assert client.get(ROOT, {"model": "00000000-0000-0000-0000-000000000000"}).status_code == 404


def test_acts_answer_with_the_alert_and_refuse_in_words(client, alert):
    path = f"{ROOT}/{alert.pk}"
    taken = send(client, "post", f"{path}/acknowledge", note="Mine.").json()["data"]
    assert (taken["state"], taken["acknowledged_by"], taken["events"][0]["note"]) == ("acknowledged", "Ada", "Mine.")
    until = timezone.now() + dt.timedelta(hours=2)
    assert send(client, "post", f"{path}/snooze", until=until.isoformat()).json()["data"]["state"] == "snoozed"
    refused = send(client, "post", f"{path}/snooze", until="2020-01-01T00:00:00Z")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "until"
    assert send(client, "post", f"{path}/snooze").json()["errors"][0]["field"] == "until"
    assert send(client, "post", f"{path}/notes", note="").status_code == 422
    assert send(client, "post", f"{path}/notes", note="Seen.").status_code == 200
    assert send(client, "post", f"{path}/resolve", note="Fixed.").json()["data"]["state"] == "resolved"
    again = send(client, "post", f"{path}/resolve")
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "state")
    assert send(client, "post", f"{path}/resolve", colour="red").status_code == 422


def test_rules_are_read_added_changed_and_deleted(client, model):
    path = f"/api/monitoring/models/{model.pk}/alert-rules"
    assert client.get(path).json()["count"] == 10
    made = send(client, "post", path, name="Slow", signal="health.p95_ms", threshold=250)
    assert made.status_code == 201
    one = f"/api/monitoring/alert-rules/{made.json()['data']['id']}"
    assert client.get(one).json()["data"]["comparison"] == "above"
    assert send(client, "patch", one, threshold=300, enabled=False).json()["data"]["enabled"] is False
    assert AlertRule.objects.get(name="Slow").threshold == 300
    assert send(client, "patch", one, threshold=-1).json()["errors"][0]["field"] == "threshold"
    assert send(client, "post", path, name="Slow", signal="health.p95_ms", threshold=1).status_code == 422
    assert send(client, "post", path, name="N").json()["errors"][0]["field"] == "signal"
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    signals = client.get("/api/monitoring/alert-signals").json()["data"]
    assert {"quality.performance", "series.predictions"} <= {signal["name"] for signal in signals}


def test_a_seeded_rule_takes_the_settings_again(client, model):
    rule = AlertRule.objects.get(model=model, state__seed="cost")
    one = f"/api/monitoring/alert-rules/{rule.pk}"
    assert send(client, "patch", one, threshold=99, clear_at=90).json()["data"]["follows_settings"] is False
    back = send(client, "patch", one, follow_settings=True).json()["data"]
    assert (back["follows_settings"], back["threshold"]) == (True, 60.0)
    assert client.delete(one).status_code == 422


def test_the_command_lists_what_is_open(workspace, alert):
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("alerts", "--open", "--workspace", workspace.slug, stdout=out)
    assert "Films: Performance" in out.getvalue()
    out = StringIO()
    call_command("alerts", "--json", "--model", "Films", "--workspace", workspace.slug, stdout=out)
    assert json.loads(out.getvalue())[0]["state"] == "open"
    with pytest.raises(CommandError, match="no such model"):
        call_command("alerts", "--model", "None", "--workspace", workspace.slug)
    with pytest.raises(CommandError, match="1 to 1,000"):
        call_command("alerts", "--limit", "0", "--workspace", workspace.slug)

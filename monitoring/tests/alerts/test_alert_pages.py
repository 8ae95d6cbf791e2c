"""Pages of alerts: what they say, who may act, what a fragment costs, and that words of people stay words."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Alert, AlertRule, Channel
from monitoring.services import alert_rules, alerting
from monitoring.tests.alerts.scenes import MINUTE, judged, make_rule, open_alert, quiet_model

pytestmark = pytest.mark.django_db
SESSION = 3
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def engineer(workspace):
    return make_member(workspace, Role.ENGINEER, name="Ada")


@pytest.fixture
def client(engineer):
    return browser(engineer)


@pytest.fixture
def model(workspace):
    return quiet_model(workspace)


@pytest.fixture
def alert(model):
    return open_alert(model)


def at(name, *args):
    return reverse(f"monitoring:{name}", args=[getattr(one, "pk", one) for one in args])


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def fragment(client, address, version="", **query):
    headers = {"HX-Request": "true"} | ({"If-None-Match": version} if version else {})
    return client.get(address, query, headers=headers)


def cost(client, address, **query):
    client.get(address, query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, query).status_code == 200
    return len(queries) - SESSION


def test_nothing_open_is_said_and_no_alert_fitting_is_not_health(client, model):
    assert "Nothing is open." in words(client.get(at("alerts")))
    assert "No live alert fits these filters." in words(client.get(at("alerts"), {"severity": "critical"}))


def test_the_most_urgent_stands_first_and_the_snoozed_last(client, model, engineer):
    for name, severity in (("Low", "info"), ("Late", "critical"), ("Asleep", "critical"), ("Middle", "warning")):
        rule = make_rule(model, name=name, severity=severity)
        now = timezone.now()
        one = Alert.objects.create(rule=rule, severity=severity, sentence=name, opened_at=now, last_seen_at=now)
    alerting.snooze(Alert.objects.get(rule__name="Asleep"), actor=engineer, until=now + dt.timedelta(hours=1))
    text = words(client.get(at("alerts")))
    order = [text.index(f"Films: {name}") for name in ("Late", "Middle", "Low", "Asleep")]
    assert order == sorted(order)
    assert "1 critical" in text
    assert one.rule.name == "Middle"
    only = words(client.get(at("alerts"), {"severity": "critical", "state": "open", "model": str(model.pk)}))
    assert "Films: Late" in only
    assert "Films: Low" not in only


def test_the_history_is_paged_by_place(client, model):
    rule = make_rule(model)
    now = timezone.now()
    for number in range(27):
        opened = now - dt.timedelta(hours=number)
        Alert.objects.create(
            rule=rule, severity="warning", sentence=f"Alert {number}.", opened_at=opened, last_seen_at=opened,
            state="resolved", resolved_at=opened + MINUTE,
        )  # fmt: skip
    first = client.get(at("alerts"))
    older = re.search(r'href="(\?after=[^"]+)"', first.content.decode()).group(1)
    second = client.get(at("alerts") + older)
    assert first.content.decode().count("Films: Performance") == 25
    assert second.content.decode().count("Films: Performance") == 2
    assert client.get(at("alerts"), {"after": "nonsense"}).content.decode().count("Films: Performance") == 25
    assert "Nothing older" in words(client.get(at("alerts"), {"after": "20000101T000000.000000_" + "0" * 32}))


def test_an_alert_tells_sentence_evidence_steps_and_deliveries(client, workspace, model):
    Channel.objects.create(workspace=workspace, name="On call", kind="email", target="x", least_severity="info")
    one = open_alert(model)
    html = client.get(at("alert", one)).content.decode()
    for expected in (
        one.sentence.split(".")[0],
        "On call",
        "Waiting",
        "Opened",
        "tab=quality",
        "Performance over time",
    ):
        assert expected in html


def test_acting_by_the_page_is_told_and_leads_back(client, alert, engineer):
    back = at("alerts") + "?severity=warning"
    answer = client.post(at("alert_acknowledge", alert), {"back": back, "note": "Mine."})
    assert (answer.status_code, answer.url) == (302, back)
    assert client.post(at("alert_note", alert), {"note": "Looked."}).url == at("alert", alert)
    assert client.post(at("alert_snooze", alert), {"hours": "8"}).status_code == 302
    assert client.post(at("alert_snooze", alert), {"hours": "9"}).status_code == 302
    assert client.post(at("alert_resolve", alert), {"back": "//evil.example"}).url == at("alert", alert)
    assert client.post(at("alert_resolve", alert)).status_code == 302
    assert [one.kind for one in alert.events.all()] == ["opened", "acknowledged", "note", "snoozed", "resolved"]
    text = words(client.get(at("alert", alert)))
    assert "Mine." in text
    assert "Ada" in text
    assert "resolved already" in text, "a second time is refused in words"


def test_a_viewer_reads_and_does_not_act(workspace, alert):
    viewer = browser(make_member(workspace, Role.VIEWER))
    html = viewer.get(at("alert", alert)).content.decode()
    assert "Acknowledge" not in html
    assert viewer.post(at("alert_acknowledge", alert)).status_code == 403
    assert viewer.post(at("alert_rule_switch", alert.rule), {"on": "0"}).status_code == 403
    scientist = browser(make_member(workspace, Role.SCIENTIST))
    assert scientist.post(at("alert_acknowledge", alert)).status_code == 302
    assert scientist.post(at("alert_rule_switch", alert.rule), {"on": "0"}).status_code == 403


def test_what_is_of_another_workspace_does_not_exist(alert):
    stranger = browser(make_member(make_workspace(), Role.ADMINISTRATOR))
    assert stranger.get(at("alert", alert)).status_code == 404
    assert stranger.get(at("alert_rule", alert.rule)).status_code == 404
    assert stranger.post(at("alert_resolve", alert)).status_code == 404
    assert "Films" not in words(stranger.get(at("alerts")))
    assert fragment(stranger, at("alerts_count")).content.decode().count("hidden") >= 1


def test_fragments_come_again_only_when_something_changed(client, alert, engineer):
    for address in (at("alerts"), at("alert", alert)):
        first = fragment(client, address)
        assert b"<html" not in first.content
        assert fragment(client, address, first["ETag"]).status_code == 304
        alerting.note(alert, actor=engineer, note="x")
        Alert.objects.filter(pk=alert.pk).update(value=0.1 if address == at("alerts") else 0.2)
        assert fragment(client, address, first["ETag"]).status_code == 200


def test_the_count_tells_of_what_opened_since_it_asked(client, model):
    first = fragment(client, at("alerts_count"))
    assert "toasts" not in first.headers.get("HX-Trigger", "")
    since = re.search(r"since=([^\"&]+)", first.content.decode()).group(1)
    open_alert(model, timezone.now() - 5 * MINUTE)
    Alert.objects.get().events.update(at=timezone.now())
    second = client.get(at("alerts_count") + f"?since={since}", headers={"HX-Request": "true"})
    (told,) = json.loads(second["HX-Trigger"])["toasts"]["toasts"]
    assert told["text"] == "Warning alert: Films – Performance"
    assert told["href"] == at("alert", Alert.objects.get())
    assert ">1<" in second.content.decode()
    assert fragment(client, at("alerts_count"), second["ETag"]).status_code == 304
    assert fragment(client, at("alerts_count"), since="yesterday").status_code == 200
    assert client.get(at("alerts_count")).url == at("alerts")


def test_words_of_people_stay_words(client, workspace, engineer):
    model = make_model_row(workspace, SCRIPT)
    rule = make_rule(model, name=SCRIPT)
    now = timezone.now()
    one = Alert.objects.create(rule=rule, severity="info", sentence=SCRIPT, opened_at=now, last_seen_at=now)
    alerting.note(one, actor=engineer, note=SCRIPT)
    AlertRule.objects.filter(pk=rule.pk).update(state={"missing_since": now.isoformat(), "why": SCRIPT})
    for address in (at("alerts"), at("alert", one), at("alert_rules", model), at("alert_rule", rule)):
        html = client.get(address).content.decode()
        assert SCRIPT not in html
        assert "&lt;script&gt;" in html


def test_a_rule_is_added_tried_edited_switched_and_deleted(client, model):
    given = {"name": "Mine", "signal": "quality.performance", "comparison": "", "threshold": "0.9", "clear_at": "",
             "for_checks": "1", "window_seconds": "3600", "minimum_sample": "0", "severity": "critical"}  # fmt: skip
    judged(model, [0.95, 0.7, 0.95, 0.95], timezone.now() - 60 * MINUTE)
    new = at("alert_rule_new", model)
    assert "Type a threshold" in words(client.get(new, {"signal": "quality.performance"}))
    assert client.get(new).status_code == 200
    tried = client.post(new, given | {"preview": "1"})
    assert "It would have opened 1 time" in words(tried)
    assert not AlertRule.objects.filter(name="Mine").exists()
    assert client.post(new, given).status_code == 302
    rule = AlertRule.objects.get(name="Mine")
    assert (rule.comparison, rule.threshold, rule.clear_at, rule.severity) == ("below", 0.9, None, "critical")
    assert "0.9" in client.get(at("alert_rule", rule)).content.decode()
    refused = client.post(at("alert_rule", rule), given | {"threshold": "lots"})
    assert refused.status_code == 422
    assert "numbers from 0" in words(refused)
    assert 'value="lots"' in refused.content.decode(), "what was typed stays"
    assert client.post(at("alert_rule", rule), given | {"threshold": "0.5"}).status_code == 302
    client.post(at("alert_rule_switch", rule), {"on": "0"})
    rule.refresh_from_db()
    assert (rule.threshold, rule.enabled) == (0.5, False)
    assert client.post(at("alert_rule_delete", rule)).status_code == 302
    assert not AlertRule.objects.filter(name="Mine").exists()


def test_the_preview_answers_whatever_is_typed(client, model):
    address = at("alert_rule_preview", model)
    for typed in (
        {}, {"signal": "series.errors", "threshold": "6"}, {"signal": "health.p95_ms", "threshold": "x"},
        {"signal": "log.lag_seconds", "threshold": "5"}, {"signal": "drift.score", "rule": "none", "threshold": "1e9"},
        {"signal": "series.errors", "threshold": "1", "comparison": "above"},
    ):  # fmt: skip
        assert client.post(address, typed, headers={"HX-Request": "true"}).status_code == 200
    assert client.get(address).status_code == 302


def test_a_model_without_rules_offers_the_usual_ones(client, workspace):
    model = make_model_row(workspace, "Fresh")
    assert "No rules yet" in words(client.get(at("alert_rules", model)))
    client.post(at("alert_rules_seed", model))
    text = words(client.get(at("alert_rules", model)))
    assert "Performance below 80.0" in text
    assert "No data" not in text.split("Unusual traffic")[0].split("Answers are slow")[0]
    rule = AlertRule.objects.get(model=model, state__seed="cost")
    alert_rules.change(rule, {"threshold": 70, "clear_at": 60}, actor=None)
    assert "Follow the settings again" in words(client.get(at("alert_rule", rule)))
    client.post(at("alert_rule_follow", rule))
    rule.refresh_from_db()
    assert rule.threshold == 60


@pytest.mark.parametrize(("name", "budget"), [("alerts", 4), ("alert", 8), ("alert_rules", 4), ("alert_rule", 7)])
def test_pages_cost_the_same_with_few_and_many(client, workspace, model, engineer, name, budget):
    one = open_alert(model)
    address = {
        "alerts": at("alerts"), "alert": at("alert", one), "alert_rules": at("alert_rules", model),
        "alert_rule": at("alert_rule", one.rule),
    }[name]  # fmt: skip
    few = cost(client, address)
    for number in range(5):
        rule = make_rule(model, name=f"Rule {number}")
        now = timezone.now()
        Alert.objects.create(rule=rule, severity="info", sentence="x", opened_at=now, last_seen_at=now)
        alerting.note(one, actor=engineer, note=f"Note {number}.")
        Channel.objects.create(workspace=workspace, name=f"c{number}", kind="email", target="x")
    alerting.acknowledge(one, actor=engineer)
    many = cost(client, address)
    assert few <= budget
    assert many <= few + (3 if name == "alert" else 0), "the first deliveries are read with their channels and attempts"

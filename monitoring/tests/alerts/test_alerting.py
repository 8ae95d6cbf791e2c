"""Evaluation: what is written when a rule's signal turns bad, comes back, is gone, or somebody acts."""

from __future__ import annotations

import datetime as dt

import pytest

from experiments.services.spec import Refused
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace
from monitoring.models import Alert, AlertEvent, AlertRule, Channel, Delivery
from monitoring.services import alerting
from monitoring.tests.alerts.scenes import MINUTE, NOW, judged, make_check, make_rule, open_alert, quiet_model

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def model(workspace):
    return quiet_model(workspace)


@pytest.fixture
def engineer(workspace):
    return make_member(workspace, Role.ENGINEER, name="Ada")


def kinds(alert):
    return [event.kind for event in alert.events.all()]


def test_the_second_bad_check_opens_an_alert_with_its_evidence(model):
    rule = make_rule(model)
    first, second = judged(model, [0.80, 0.79])
    assert (first.opened, second.opened) == (0, 1)
    alert = Alert.objects.get()
    check = model.checks.first()
    assert (alert.rule, alert.state, alert.severity, alert.value, alert.threshold) == (
        rule, "open", "warning", 0.79, 0.85,
    )  # fmt: skip
    assert alert.evidence["check"] == str(check.pk)
    assert alert.evidence["tab"] == "quality"
    assert alert.sentence.startswith(check.sentence)
    assert "85.0" in alert.sentence
    assert kinds(alert) == ["opened"]


def test_looking_again_at_the_same_check_counts_nothing(model):
    make_rule(model)
    make_check(model, 0.5, NOW)
    for second in range(1, 6):
        assert alerting.evaluate(model, NOW + second * SECOND).opened == 0
    assert not Alert.objects.exists()


def test_checks_that_people_ask_for_hurry_no_alert(model):
    make_rule(model)
    judged(model, [0.5, 0.5, 0.5], through="page")
    assert not Alert.objects.exists()


def test_it_resolves_by_itself_beyond_clear_at_and_comes_back_as_the_same_alert(model):
    make_rule(model)
    judged(model, [0.7, 0.7, 0.86, 0.86, 0.9, 0.9])
    alert = Alert.objects.get()
    assert alert.state == "resolved"
    assert alert.resolved_at is not None
    judged(model, [0.7, 0.7], NOW + 31 * MINUTE)
    alert.refresh_from_db()
    assert (alert.state, alert.occurrences, alert.resolved_at) == ("open", 2, None)
    assert kinds(alert) == ["opened", "resolved", "returned"]


def test_a_later_return_is_another_alert_and_the_first_stays_in_the_history(model):
    make_rule(model)
    judged(model, [0.7, 0.7, 0.9, 0.9])
    judged(model, [0.7, 0.7], NOW + 2 * 60 * MINUTE)
    assert [one.state for one in Alert.objects.order_by("opened_at")] == ["resolved", "open"]


def test_the_newest_value_and_sentence_are_told_while_it_lasts(model):
    make_rule(model)
    judged(model, [0.7, 0.7, 0.6])
    alert = Alert.objects.get()
    assert alert.value == 0.6
    assert "0.6" in alert.sentence
    assert "0.7" in alert.events.get(kind="opened").note
    assert alert.last_seen_at > alert.opened_at


def test_no_data_neither_resolves_nor_is_silent(model):
    rule = make_rule(model)
    judged(model, [0.7, 0.7, None, None, None])
    make_check(model, 0.95, NOW + 25 * MINUTE, verdict="not_enough", sentence="48 of 200 labels.")
    alerting.evaluate(model, NOW + 26 * MINUTE)
    alerting.evaluate(model, NOW + 600 * MINUTE)  # and no check for hours
    alert = Alert.objects.get()
    assert alert.state == "open"
    assert kinds(alert) == ["opened", "note"]
    assert "The signal is gone" in alert.events.last().note
    rule.refresh_from_db()
    assert dt.datetime.fromisoformat(rule.state["missing_since"]) == NOW + 10 * MINUTE + SECOND
    assert "old" in rule.state["why"]
    assert rule.state["value"] == 0.7, "what was read last stays"


def test_too_small_a_sample_is_no_data(model):
    make_rule(model, minimum_sample=200)
    judged(model, [0.5, 0.5, 0.5], findings={("ndcg_at_10", "performance"): (0.2, 199)})
    assert not Alert.objects.exists()
    judged(model, [0.5, 0.5], NOW + 60 * MINUTE, findings={("ndcg_at_10", "performance"): (0.2, 200)})
    assert Alert.objects.count() == 1


def test_every_event_has_its_deliveries_and_a_note_has_none(workspace, model, engineer):
    Channel.objects.create(workspace=workspace, name="mail", kind="email", target="x", least_severity="info")
    alert = open_alert(model)
    alerting.note(alert, actor=engineer, note="Looking.")
    alerting.acknowledge(alert, actor=engineer)
    alerting.resolve(alert, actor=engineer, note="Rolled back.")
    told = Delivery.objects.order_by("pk").values_list("event__kind", flat=True)
    assert list(told) == ["opened", "acknowledged", "resolved"]


def test_a_fault_in_one_rule_stops_no_other(model):
    broken = make_rule(model, name="A broken one", signal="nothing.known")
    make_rule(model, name="B sound one")
    done = judged(model, [0.7, 0.7])
    assert [one.failed for one in done] == [1, 1]
    assert Alert.objects.get().rule.name == "B sound one"
    assert broken.alerts.count() == 0


def test_what_fails_while_telling_takes_the_alert_back(model, monkeypatch):
    """The fault is in the last statement; the alert, its event and the rule's memory go with it, and come at once
    when the fault is over."""
    make_rule(model)
    judged(model, [0.7])
    real = alerting.write_event
    monkeypatch.setattr(alerting, "write_event", lambda *given: real(*given) and 1 / 0)
    make_check(model, 0.7, NOW + 5 * MINUTE)
    assert alerting.evaluate(model, NOW + 6 * MINUTE).failed == 1
    assert not Alert.objects.exists()
    assert not AlertEvent.objects.exists()
    monkeypatch.undo()
    assert alerting.evaluate(model, NOW + 7 * MINUTE).opened == 1


def test_a_snooze_ends(model, engineer):
    alert = open_alert(model, NOW)
    then = NOW + 6 * MINUTE
    alerting.snooze(alert, actor=engineer, until=then + 60 * MINUTE, now=then)
    judged(model, [0.7], NOW + 10 * MINUTE)
    alert.refresh_from_db()
    assert alert.state == "snoozed"
    assert judged(model, [0.7], then + 61 * MINUTE)[0].woke == 1
    alert.refresh_from_db()
    assert (alert.state, alert.snoozed_until) == ("open", None)
    assert kinds(alert) == ["opened", "snoozed", "woke"]


def test_a_snooze_is_5_minutes_to_7_days(model, engineer):
    alert = open_alert(model)
    for ahead in (dt.timedelta(0), dt.timedelta(minutes=4), dt.timedelta(days=8), -dt.timedelta(days=1)):
        with pytest.raises(Refused, match="5 minutes to 7 days"):
            alerting.snooze(alert, actor=engineer, until=NOW + ahead, now=NOW)
    with pytest.raises(Refused, match="with zone"):
        alerting.snooze(alert, actor=engineer, until=(NOW + dt.timedelta(hours=1)).replace(tzinfo=None), now=NOW)


def test_acknowledging_twice_is_once_and_what_is_resolved_stays_so(model, engineer):
    alert = open_alert(model)
    alerting.acknowledge(alert, actor=engineer, note="Mine.")
    alert = alerting.acknowledge(alert, actor=engineer)
    assert alert.acknowledged_by == engineer
    assert kinds(alert) == ["opened", "acknowledged"]
    alerting.resolve(alert, actor=engineer)
    for act in (alerting.acknowledge, alerting.resolve):
        with pytest.raises(Refused, match="resolved already"):
            act(alert, actor=engineer)
    entry = AuditEntry.objects.get(action="alert_acknowledged")
    assert (entry.actor, entry.reason, entry.object_label) == (engineer, "Mine.", "Films: Performance")


def test_a_note_never_takes_back_what_happened_meanwhile(model, engineer):
    alert = open_alert(model)
    stale = Alert.objects.get(pk=alert.pk)
    alerting.resolve(alert, actor=engineer)
    alerting.note(stale, actor=engineer, note="Late words.")
    assert Alert.objects.get().state == "resolved"
    with pytest.raises(Refused, match="2,000"):
        alerting.note(stale, actor=engineer, note="x" * 2001)
    with pytest.raises(Refused, match="empty"):
        alerting.note(stale, actor=engineer, note="  ")
    with pytest.raises(Refused, match="control characters"):
        alerting.note(stale, actor=engineer, note="a\x00b")


def test_a_person_resolves_and_only_new_bad_checks_bring_it_back(model, engineer):
    alert = open_alert(model, NOW)
    alerting.resolve(alert, actor=engineer, now=NOW + 6 * MINUTE)
    assert judged(model, [0.7], NOW + 10 * MINUTE)[0].returned == 0
    assert judged(model, [0.7], NOW + 15 * MINUTE)[0].returned == 1


def test_nothing_is_written_where_nothing_is_new(model, django_assert_max_num_queries):
    make_rule(model)
    judged(model, [0.9, 0.9])
    for name in ("second", "third"):
        make_rule(model, name=name, signal="health.error_rate", comparison="above", threshold=0.05, clear_at=None)
    alerting.evaluate(model, NOW + 6 * MINUTE)
    with django_assert_max_num_queries(9) as queries:
        alerting.evaluate(model, NOW + 6 * MINUTE + SECOND)
    assert not [one for one in queries if "UPDATE" in one["sql"] or "INSERT" in one["sql"]]


def test_a_first_round_brings_the_rules_that_every_model_starts_with(workspace):
    from experiments.tests.versions import make_model_row

    fresh = make_model_row(workspace, "Fresh")
    done = alerting.evaluate(fresh, NOW)
    assert done.rules == AlertRule.objects.filter(model=fresh, seeded=True).count() == 10
    assert done.failed == 0
    assert alerting.evaluate(fresh, NOW).rules == 10

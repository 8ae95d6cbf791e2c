"""Rules: the usual ones follow the settings, those of people are held to bounds, and what goes wrong says so."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from experiments.services.spec import Refused
from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace
from monitoring.models import Alert, AlertEvent, AlertRule, Channel
from monitoring.services import alert_rules, alerting, monitoring_settings
from monitoring.tests.alerts.scenes import MINUTE, NOW, judged, make_check, make_rule, quiet_model


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def model(workspace):
    return make_model_row(workspace)


@pytest.fixture
def engineer(workspace):
    return make_member(workspace, Role.ENGINEER)


def usual(model, key):
    return AlertRule.objects.get(model=model, state__seed=key)


def test_the_usual_rules_have_the_thresholds_of_the_decisions(model):
    assert alert_rules.seed(model) == 10
    assert alert_rules.seed(model) == 0
    found = {rule.state["seed"]: (rule.signal, rule.comparison, rule.threshold) for rule in model.alert_rules.all()}
    assert found["performance_watch"] == ("quality.performance", "below", 0.85)
    assert found["performance_degraded"] == ("quality.performance", "below", 0.80)
    assert found["cost"] == ("cost.per_1000", "above", 60.0)
    assert found["drift"] == ("drift.score", "above", 0.30)
    assert found["instability"] == ("drift.instability", "above", 0.30)
    assert found["errors"] == ("health.error_rate", "above", 0.05)
    assert found["slow"] == ("health.p95_ms", "above", 500.0)
    assert found["data"] == ("data.worst", "above", 1.0)


def test_data_quality_is_bad_from_its_threshold_on(workspace):
    model = make_model_row(workspace)
    judged(model, [1.0, 1.0], area="data")
    assert Alert.objects.get().rule.state["seed"] == "data"


def test_they_follow_the_settings_until_they_are_edited(model, engineer):
    alert_rules.seed(model)
    alert_rules.change(usual(model, "drift"), {"threshold": 0.5, "clear_at": 0.4}, actor=engineer)
    monitoring_settings.change(model, {"drift_threshold": 0.2, "cost_limit": 90}, actor=engineer)
    alerting.evaluate(model, NOW)
    assert usual(model, "instability").threshold == 0.2
    assert usual(model, "cost").threshold == 90
    assert usual(model, "drift").threshold == 0.5
    alert_rules.change(usual(model, "drift"), {}, actor=engineer, follow_settings=True)
    assert usual(model, "drift").threshold == 0.2
    assert AuditEntry.objects.filter(action="change_alert_rule").count() == 2


def test_a_name_alone_does_not_stop_it_from_following(model, engineer):
    alert_rules.seed(model)
    alert_rules.change(usual(model, "cost"), {"name": "Money", "severity": "critical"}, actor=engineer)
    assert alert_rules.follows(usual(model, "cost"))
    assert alert_rules.seed(model) == 0, "a renamed one is not added again"


def test_a_usual_rule_is_switched_off_and_never_deleted_or_turned_into_another(model, engineer):
    alert_rules.seed(model)
    with pytest.raises(Refused, match="switch it off instead"):
        alert_rules.delete(usual(model, "cost"), actor=engineer)
    with pytest.raises(Refused, match="add another rule"):
        alert_rules.change(usual(model, "cost"), {"signal": "drift.score"}, actor=engineer)


def test_switching_off_resolves_its_alert(workspace, engineer):
    model = quiet_model(workspace)
    rule = make_rule(model)
    judged(model, [0.7, 0.7])
    alert_rules.enable(rule, False, actor=engineer)
    alert = Alert.objects.get()
    assert alert.state == "resolved"
    assert alert.events.get(kind="resolved").note == alert_rules.SWITCHED_OFF
    judged(model, [0.7, 0.7], NOW + 20 * MINUTE)
    assert Alert.objects.get().occurrences == 1


def test_a_changed_threshold_forgets_what_was_counted(workspace, engineer):
    model = quiet_model(workspace)
    rule = make_rule(model)
    judged(model, [0.8])
    alert_rules.change(rule, {"threshold": 0.9, "clear_at": None}, actor=engineer)
    assert judged(model, [0.8], NOW + 5 * MINUTE)[0].opened == 0
    assert judged(model, [0.8], NOW + 10 * MINUTE)[0].opened == 1


def test_deleting_a_rule_says_in_the_audit_what_went_with_it(workspace, engineer):
    model = quiet_model(workspace)
    rule = make_rule(model)
    judged(model, [0.7, 0.7])
    alert_rules.delete(rule, actor=engineer)
    assert AuditEntry.objects.get(action="delete_alert_rule").before["alerts"] == 1
    with pytest.raises(Refused, match="deleted meanwhile"):
        alert_rules.enable(rule, False, actor=engineer)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"signal": "quality.magic"}, "signal", "quality.performance"),
        ({"threshold": "many"}, "threshold", "numbers from 0"),
        ({"threshold": float("nan")}, "threshold", "numbers from 0"),
        ({"threshold": True}, "threshold", "numbers from 0"),
        ({"threshold": None}, "threshold", "is missing"),
        ({"name": "x" * 121}, "name", "1 to 120"),
        ({"name": "a\x00b"}, "name", "control characters"),
        ({"clear_at": 0.5}, "clear_at", "at most the threshold"),
        ({"comparison": "below", "clear_at": 0.1}, "clear_at", "at least the threshold"),
        ({"comparison": "anomaly", "threshold": 6}, "comparison", "above and below"),
        ({"signal": "series.errors", "comparison": "above"}, "comparison", "anomaly is"),
        ({"signal": "series.errors", "threshold": 1}, "threshold", "2 to 100"),
        ({"signal": "series.errors", "threshold": 6, "window_seconds": 900}, "window_seconds", "3600 and 86400"),
        ({"signal": "health.p95_ms", "window_seconds": 90}, "window_seconds", "multiples of 60"),
        ({"for_checks": 0}, "for_checks", "1 to 100"),
        ({"for_checks": 1.5}, "for_checks", "1 to 100"),
        ({"minimum_sample": -1}, "minimum_sample", "0 to 100,000,000"),
        ({"severity": "dire"}, "severity", "info, warning, critical"),
        ({"enabled": "yes"}, "enabled", "true and false"),
        ({"colour": "red"}, "colour", "no field"),
        ({"channels": ["none"]}, "channels", "no channel"),
    ],
)
def test_what_is_not_accepted_is_named_with_what_would_be(model, engineer, values, field, words):
    given = {"name": "Mine", "signal": "drift.score", "threshold": 0.3} | values
    with pytest.raises(Refused) as refused:
        alert_rules.create(model, given, actor=engineer)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert words in refused.value.problems[0].message
    assert not AlertRule.objects.filter(model=model).exists()


def test_a_rule_of_a_person_takes_what_suits_its_signal(workspace, model, engineer):
    other = Channel.objects.create(workspace=make_workspace(), name="theirs", kind="email", target="x")
    mine = Channel.objects.create(workspace=workspace, name="mine", kind="email", target="x")
    rule = alert_rules.create(
        model, {"name": "Slow", "signal": "series.latency_p95_ms", "threshold": "6", "channels": [str(mine.pk)]},
        actor=engineer,
    )  # fmt: skip
    assert (rule.comparison, rule.threshold, rule.for_checks, list(rule.channels.all())) == ("anomaly", 6.0, 2, [mine])
    with pytest.raises(Refused, match="no channel"):
        alert_rules.change(rule, {"channels": [str(other.pk)]}, actor=engineer)
    with pytest.raises(Refused, match="another rule of this model"):
        alert_rules.create(model, {"name": "Slow", "signal": "drift.score", "threshold": 1}, actor=engineer)
    below = alert_rules.create(model, {"name": "L", "signal": "quality.performance", "threshold": 0.7}, actor=engineer)
    assert below.comparison == "below"


@pytest.mark.django_db(transaction=True)
def test_rounds_at_once_open_one_alert_and_count_each_reading_once():
    model = quiet_model(make_workspace())
    rule = make_rule(model, for_checks=2)
    for place in range(2):
        at = NOW + place * 5 * MINUTE
        make_check(model, 0.5, at)
        at_once(lambda at=at: alerting.evaluate(model, at + MINUTE), 4)
        rule.refresh_from_db()
        assert rule.state["bad"] == place + 1
    assert Alert.objects.count() == 1
    assert AlertEvent.objects.count() == 1
    fresh = make_model_row(model.workspace, "Fresh")
    at_once(lambda: alert_rules.seed(fresh), 4)
    assert fresh.alert_rules.count() == 10


def at_once(act, number):
    """In so many threads that begin together; the first error of any is raised."""
    barrier, errors = threading.Barrier(number), []

    def run():
        try:
            barrier.wait()
            act()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if errors:
        raise errors[0]

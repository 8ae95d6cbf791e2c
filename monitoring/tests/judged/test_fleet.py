"""All models at a glance: who needs somebody comes first, nothing unknown looks well, many cost what one costs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Alert, AlertRule, Source
from monitoring.selectors import traffic
from monitoring.selectors.fleet import fleet
from monitoring.selectors.windows import period
from monitoring.services import monitoring_settings, windows
from monitoring.tests.judged.scenes import all_fine, make_check
from monitoring.tests.windows_scene import put, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.VIEWER))


def live(workspace, name, **verdicts):
    version = make_version_row(workspace, make_model_row(workspace, name))
    make_live(version)
    all_fine(version.model, **verdicts)
    return version.model


def alert(model, severity, state="open"):
    rule = AlertRule.objects.create(model=model, name=severity, signal="drift.score", comparison="above", threshold=0.3)
    at = timezone.now()
    Alert.objects.create(rule=rule, state=state, severity=severity, sentence="!", opened_at=at, last_seen_at=at)


def page(client, **query):
    answer = client.get(reverse("monitoring:overview"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def names(found):
    return [one.model.name for one in found.rows]


def test_who_needs_somebody_comes_first_and_is_named(client, workspace):
    live(workspace, "Fine")
    live(workspace, "Falling", quality="watch")
    live(workspace, "Fallen", quality="act")
    live(workspace, "Silent", freshness="act")
    live(workspace, "Unknown", quality="not_enough")
    make_model_row(workspace, "Unused")
    found = fleet(workspace, period("24h"))
    assert names(found) == ["Fallen", "Silent", "Falling", "Unknown", "Fine", "Unused"]
    assert [(one.key, number) for one, number in found.counted] == [
        ("degraded", 1), ("stale", 1), ("watch", 1), ("not_enough", 1), ("healthy", 1),
    ]  # fmt: skip
    html = page(client)
    assert "2 models need somebody: Fallen (degraded), Silent (stale)" in html
    assert "not used" in html


def test_nothing_to_do_is_said(client, workspace):
    live(workspace, "Fine")
    assert "Nothing needs you" in page(client)


def test_a_critical_alert_needs_somebody_until_it_is_snoozed(workspace):
    model = live(workspace, "Fine")
    alert(model, "warning")
    (row,) = fleet(workspace, period("24h")).rows
    assert (row.alerts, row.needs_somebody) == (1, False)
    alert(model, "critical")
    assert fleet(workspace, period("24h")).rows[0].needs_somebody
    Alert.objects.filter(severity="critical").update(state="snoozed")
    (row,) = fleet(workspace, period("24h")).rows
    assert (row.alerts, row.needs_somebody) == (2, False)


def test_figures_are_those_of_the_newest_checks_and_of_the_log(client, workspace):
    model = live(workspace, "Films")
    make_check(model, "cost", "watch", score=70.0, ago=1)
    make_check(model, "quality", "ok", score=0.5, ago=20 * 3600)
    make_check(model, "drift", "not_enough", score=0.9, ago=1)
    source = Source.objects.create(
        workspace=workspace, model=model, version=model.deployments.get().version, role="champion"
    )
    put(source, [row(timezone.now() - dt.timedelta(seconds=65 + at)) for at in range(10)])
    windows.refresh(busy_pause=0)
    (one,) = fleet(workspace, period("24h")).rows
    assert (one.performance, one.cost, one.drift_score) == (0.97, 70.0, None)
    assert one.course[-1] == 0.97
    assert 0.5 in one.course
    assert one.course.count(None) == 22
    assert one.per_minute == 2.0
    assert one.is_too_dear
    monitoring_settings.change(model, {"cost_limit": 100}, actor=None)
    assert not fleet(workspace, period("24h")).rows[0].is_too_dear
    html = page(client)
    assert "$70.00" in html
    assert "97\u202f%" in html


def test_a_search_finds_models_that_are_not_shown(client, workspace, monkeypatch):
    monkeypatch.setattr(traffic, "SHOWN_MODELS", 2)
    monkeypatch.setattr("monitoring.selectors.fleet.SHOWN_MODELS", 2)
    for name in ("Alpha", "Beta", "100%_of"):
        make_model_row(workspace, name)
    live(workspace, "Zeta")
    assert names(fleet(workspace, period("24h"))) == ["Zeta", "100%_of"]  # live ones are chosen first
    assert "Search for the rest by name" in page(client)
    assert names(fleet(workspace, period("24h"), "ALPH")) == ["Alpha"]
    assert names(fleet(workspace, period("24h"), "%_")) == ["100%_of"]
    html = page(client, q="<b>nothing</b>\x00")
    assert "No model has this in its name" in html
    assert "<b>nothing</b>" not in html


def test_models_of_another_workspace_do_not_exist(client, workspace):
    live(make_workspace(), "Secret")
    assert "Secret" not in page(client)


def test_it_costs_the_same_with_few_and_many_models_checks_and_alerts(client, workspace):
    live(workspace, "One")
    few = cost(client)
    for number in range(6):
        model = live(workspace, f"More {number}", quality="act")
        alert(model, "critical")
        for ago in range(5):
            make_check(model, "drift", "watch", ago=ago)
    assert cost(client) == few <= 13


def cost(client):
    page(client)
    with CaptureQueriesContext(connection) as queries:
        page(client)
    return len(queries)


def test_the_fragment_is_sent_again_only_when_something_changed(client, workspace):
    model = live(workspace, "Films")
    address = reverse("monitoring:overview")
    first = client.get(address, headers={"HX-Request": "true"})
    known = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert client.get(address, headers=known).status_code == 304
    alert(model, "warning")
    assert client.get(address, headers=known).status_code == 200

"""The Quality and Cost tabs, the settings page, and that their cost does not grow with traffic."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.models import Dataset
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Check, MonitoringSettings
from monitoring.services import judging, monitoring_settings
from monitoring.tests.judging.scenes import HOUR, answers, count, lists, numbers, today
from monitoring.tests.windows_scene import make_source

pytestmark = pytest.mark.django_db
QUERIES = 25


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def source(workspace):
    made = make_source(workspace)
    Dataset.objects.filter(pk=made.version.dataset_id).update(num_items=1000)
    made.version.metrics = {"catalogue": {"ndcg_at_10": 0.3729}}
    made.version.save()
    monitoring_settings.change(made.model, {"minimum_labels": 40}, actor=None)
    return made


@pytest.fixture
def engineer(workspace):
    return browser(make_member(workspace, Role.ENGINEER))


def page(client, source, tab, **query):
    return client.get(reverse("monitoring:overview"), {"model": source.model_id, "tab": tab} | query)


def test_quality_shows_live_against_live_and_offline_by_its_name(engineer, source):
    lists(source, today() - 30 * HOUR, 50)
    lists(source, today() - 2 * HOUR, 60, place=1)
    count()
    html = page(engineer, source, "quality").content.decode()
    assert "63\u202f%" in html  # of the baseline
    assert "Degraded" in html or "Act" in html
    assert "Light users" in html
    assert "Offline, version 1.0.0 had NDCG@10 0.373" in html
    assert "never compared" in html


def test_without_a_baseline_the_offline_figure_stands_there_as_such(engineer, source):
    lists(source, today(), 50)
    count()
    html = page(engineer, source, "quality", period="1h").content.decode()
    assert "Offline figure, no baseline yet" in html
    assert "0.373" in html


def test_nothing_judged_says_so_on_both_tabs(engineer, source):
    for tab in ("quality", "cost"):
        html = page(engineer, source, tab).content.decode()
        assert "Nothing is judged in this period" in html
        assert "Not enough data" in html


@pytest.mark.parametrize("kind", [answers, numbers])
def test_other_families_have_their_tabs(engineer, source, kind):
    for hours in (30, 2):
        kind(source, today() - hours * HOUR, 50, 40 if kind is answers else 1.5)
    count()
    quality = page(engineer, source, "quality").content.decode()
    assert ("Calibration error" if kind is answers else "RMSE") in quality
    cost = page(engineer, source, "cost").content.decode()
    assert ("true negative" if kind is answers else "Too high") in cost


def test_cost_shows_the_matrix_the_limit_and_the_best_length(engineer, source):
    lists(source, today() - 2 * HOUR, 60, history=0)
    count()
    html = page(engineer, source, "cost").content.decode()
    assert "$90.00" in html
    assert "limit $60.00" in html
    assert "540 of them silent" in html
    assert "Lists of 1 would cost" in html
    assert "Candidates: the 1\u202f000 items" in html


@pytest.mark.parametrize("tab", ["quality", "cost"])
@pytest.mark.parametrize("name", ["24h", "30d"])
def test_tabs_cost_the_same_with_few_and_many_rows(engineer, source, tab, name):
    lists(source, today() - 30 * HOUR, 45)
    lists(source, today() - HOUR, 41)
    count()
    judging.judge(source.model, Check.Area.QUALITY, through="schedule")
    few = queries(engineer, source, tab, name)
    lists(source, today() - 2 * HOUR, 300)
    lists(source, today() - 5 * HOUR, 50)
    count()
    assert queries(engineer, source, tab, name) <= few <= QUERIES


def queries(client, source, tab, name):
    page(client, source, tab, period=name)
    with CaptureQueriesContext(connection) as found:
        assert page(client, source, tab, period=name).status_code == 200
    return len(found)


def test_a_saved_price_is_shown_at_once_audited_and_new_to_the_fragment(workspace, source, engineer):
    lists(source, today() - 2 * HOUR, 60, history=0)
    count()
    address = {"model": source.model_id, "tab": "cost"}
    headers = {"HX-Request": "true"}
    first = engineer.get(reverse("monitoring:overview"), address, headers=headers)
    manager = browser(make_member(workspace, Role.MANAGER))
    url = reverse("monitoring:settings_prices", args=[source.model_id])
    assert manager.post(url, {"price_false_positive": "20", "reason": "A survey"}).status_code == 302
    again = engineer.get(reverse("monitoring:overview"), address, headers=headers | {"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert "$180.00" in again.content.decode()
    entry = AuditEntry.objects.filter(action=monitoring_settings.CHANGED).latest("at")
    assert (entry.before, entry.after, entry.reason) == (
        {"price_false_positive": 10.0}, {"price_false_positive": 20.0}, "A survey",
    )  # fmt: skip
    html = manager.get(reverse("monitoring:settings", args=[source.model_id])).content.decode()
    assert "A survey" in html
    assert engineer.post(url, {"price_false_positive": "1"}).status_code == 403


def test_what_would_change_is_counted_and_not_saved(source, engineer):
    lists(source, today() - 30 * HOUR, 50, history=0)
    lists(source, today() - 2 * HOUR, 60, history=0)
    count()
    url = reverse("monitoring:settings", args=[source.model_id])
    html = engineer.get(url, {"price_false_positive": "5", "cost_limit": "45"}).content.decode()
    assert "What would change</h2>" in html
    assert "$90.00" in html
    assert "$45.00" in html
    assert MonitoringSettings.objects.get().price_false_positive == 10


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        ("prices", {"price_false_negative": "-3"}, "numbers from 0 to 1,000,000 dollars are"),
        ("prices", {"price_false_positive": "nan"}, "&#x27;nan&#x27; is not accepted"),
        ("policy", {"watch_below": "0.7"}, "shares up to 0.7, where watching begins, are"),
        ("policy", {"minimum_labels": "2.5"}, "whole numbers from 1 to 1,000,000 are"),
        ("policy", {"window_seconds": "5"}, "Select a valid choice"),
        ("policy", {"threshold_psi": "big"}, "&#x27;big&#x27; is not accepted"),
        ("policy", {"cost_limit": "1e99"}, "&#x27;1e99&#x27; is not accepted"),
    ],
)
def test_a_value_that_is_not_accepted_is_named_and_nothing_is_saved(workspace, source, form, given, said):
    client = browser(make_member(workspace, Role.ADMINISTRATOR))
    answer = client.post(reverse(f"monitoring:settings_{form}", args=[source.model_id]), given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not AuditEntry.objects.filter(action=monitoring_settings.CHANGED, actor__isnull=False).exists()


def test_thresholds_are_set_and_taken_back(source, engineer):
    url = reverse("monitoring:settings_policy", args=[source.model_id])
    assert engineer.post(url, {"threshold_psi": "0.25"}).status_code == 302
    assert MonitoringSettings.objects.get().thresholds == {"psi": 0.25}
    assert engineer.post(url, {"cost_limit": "70"}).status_code == 302
    assert MonitoringSettings.objects.get().thresholds == {"psi": 0.25}
    engineer.post(url, {"threshold_psi": ""})
    assert MonitoringSettings.objects.get().thresholds == {}


def test_a_viewer_reads_the_settings_and_changes_nothing(workspace, source):
    client = browser(make_member(workspace, Role.VIEWER))
    html = client.get(reverse("monitoring:settings", args=[source.model_id])).content.decode()
    assert "Managers and administrators set prices." in html
    assert "Save limits" not in html
    assert client.post(reverse("monitoring:judge", args=[source.model_id])).status_code == 403


def test_check_now_judges_every_area_and_comes_back(source, engineer):
    lists(source, today() - 2 * HOUR, 60)
    count()
    answer = engineer.post(reverse("monitoring:judge", args=[source.model_id]), {"tab": "cost", "period": "7d"})
    assert answer.url.endswith(f"?model={source.model_id}&tab=cost&period=7d")
    assert set(Check.objects.values_list("area", "through")) == {(area, "page") for area in judging.AREAS}

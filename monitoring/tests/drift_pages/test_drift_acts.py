"""What people do on the Drift tab: choose the stretch, check at once, pin and activate references."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from experiments.tests.versions import make_version_row
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Check, MonitoringSettings, Reference, Source, StaleMinute
from monitoring.services import windows
from monitoring.tests.drift_pages.scene import make_reference
from monitoring.tests.windows_scene import put, row

pytestmark = pytest.mark.django_db
HOUR = {"period": "1h"}


def act(client, version, name, *more, **fields):
    return client.post(reverse(f"monitoring:{name}", args=[version.model_id, *more]), fields)


def messages_of(client, answer):
    return client.get(answer["Location"]).content.decode()


def traffic(version, number):
    source = Source.objects.create(
        workspace=version.model.workspace, model=version.model, version=version, role="champion"
    )
    now = timezone.now()
    rows = [
        row(now - dt.timedelta(seconds=at % 1500 + 90), user=f"u{at}", items=["a", "b", "c"], scores=[3.0, 2.0, 1.0])
        for at in range(number)
    ]
    put(source, rows)
    windows.refresh(busy_pause=0)


def test_the_analysed_stretch_is_a_setting_of_the_model_with_an_audit_row(client, version):
    answer = act(client, version, "drift_window", window_seconds="21600", **HOUR)
    assert answer.status_code == 302
    assert "tab=drift" in answer["Location"]
    assert "period=1h" in answer["Location"]
    assert MonitoringSettings.objects.get(model=version.model).window_seconds == 21600
    assert "Checks look at the last 6 hours from now on." in messages_of(client, answer)
    assert AuditEntry.objects.filter(action="change_monitoring_settings").exists()


@pytest.mark.parametrize("given", ["", "five", "-60", "61", "9" * 40])
def test_a_stretch_that_is_none_is_refused_with_what_is_accepted(client, version, given):
    answer = act(client, version, "drift_window", window_seconds=given)
    html = messages_of(client, answer)
    assert "window_seconds" in html
    assert "are" in html
    assert not MonitoringSettings.objects.exists()


def test_the_shown_period_is_pinned_and_used_from_then_on(client, version):
    traffic(version, 520)
    StaleMinute.objects.all().delete()
    answer = act(client, version, "drift_pin", **HOUR)
    made = Reference.objects.get(version=version, active=True)
    assert made.kind == "pinned"
    assert made.created_by is not None
    assert (made.end - made.start) == dt.timedelta(hours=1)
    assert StaleMinute.objects.exists()
    html = messages_of(client, answer)
    assert "Windows are recounted against it now" in html
    assert "Pinned stretch of live traffic" in html


def test_too_little_traffic_is_not_pinned_and_the_page_says_how_much_is_needed(client, version):
    traffic(version, 20)
    answer = act(client, version, "drift_pin", **HOUR)
    assert not Reference.objects.exists()
    html = messages_of(client, answer)
    assert "20 answered predictions" in html
    assert "500 or more" in html


def test_a_period_that_is_none_is_refused(client, version):
    for name in ("drift_pin", "drift_check"):
        answer = act(client, version, name, period="1y")
        assert "is not known" in messages_of(client, answer)
    assert not Check.objects.exists()
    assert not Reference.objects.exists()


def test_without_a_live_version_there_is_nothing_to_pin(client, version):
    version.deployments.update(ended_at=timezone.now())
    assert "so there is no traffic to pin" in messages_of(client, act(client, version, "drift_pin", **HOUR))


def test_an_earlier_reference_is_used_again_and_one_of_another_model_does_not_exist(client, version):
    old = make_reference(version, active=False)
    now = make_reference(version, kind="pinned", start=timezone.now() - dt.timedelta(hours=2), end=timezone.now())
    answer = act(client, version, "drift_activate", old.pk)
    assert Reference.objects.get(version=version, active=True) == old
    assert "Windows are recounted" in messages_of(client, answer)
    now.refresh_from_db()
    assert not now.active
    other = make_version_row(version.model.workspace, "Other")
    assert act(client, other, "drift_activate", old.pk).status_code == 404


def test_a_period_is_checked_once_and_the_check_has_its_page(client, version):
    traffic(version, 30)
    answer = act(client, version, "drift_check", **HOUR)
    check = Check.objects.get(area="drift")
    assert answer["Location"] == reverse("monitoring:drift_one", args=[version.model_id, check.pk])
    assert check.through == "page"
    assert check.end - check.start == dt.timedelta(hours=1)
    assert check.verdict == "not_enough"
    assert escape(check.sentence) in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("name", ["drift_window", "drift_pin", "drift_check"])
def test_who_may_only_look_and_who_is_elsewhere_may_not_act(viewer, version, name):
    assert act(viewer, version, name).status_code == 403
    elsewhere = browser(make_member(make_workspace(), Role.ADMINISTRATOR))
    assert act(elsewhere, version, name).status_code == 404

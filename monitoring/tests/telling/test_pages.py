"""The pages of channels: what people see, what they may do, and what they never see."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models.alerts import Channel, Delivery, DeliveryAttempt
from monitoring.services import channel_targets, deliveries, notifications
from monitoring.tests.telling.scene import SLACK, make_channel, make_event, make_rule

pytestmark = pytest.mark.django_db
LIST = "/monitoring/alerts/channels/"


def new(kind: str) -> str:
    return f"{reverse('monitoring:channel_new')}?kind={kind}"


def page_of(channel) -> str:
    return reverse("monitoring:channel", args=[channel.pk])


def test_the_first_page_says_that_nobody_is_told_and_how_to_change_it(client):
    html = client.get(LIST).content.decode()
    assert "Nobody is told yet" in html
    assert new("slack") in html


@pytest.mark.parametrize(("kind", "target"), [("email", "ada@example.org\nbob@example.org"), ("slack", SLACK)])
def test_a_channel_is_added_and_its_target_shown_masked(client, workspace, kind, target):
    address = new(kind)
    assert client.get(address).status_code == 200
    answer = client.post(address, {"name": "On call", "target": target, "least_severity": "critical"}, follow=True)
    html = answer.content.decode()
    assert answer.redirect_chain == [(page_of(Channel.objects.get()), 302)]
    assert channel_targets.hidden(Channel.objects.get()) in html
    assert target.splitlines()[0] not in html
    assert "Critical" in html


def test_a_webhooks_key_is_shown_once(client):
    asked = {"name": "Program", "target": "https://example.org/hook", "least_severity": "info"}
    html = client.post(new("webhook"), asked).content.decode()
    channel = Channel.objects.get()
    key = channel_targets.key(channel)
    assert key in html.replace("&#x2B;", "+").replace("&#43;", "+")
    again = client.get(page_of(channel)).content.decode()
    assert "whsec_" not in again
    renewed = client.post(reverse("monitoring:channel_key", args=[channel.pk])).content.decode()
    assert "whsec_" in renewed
    channel.refresh_from_db()
    assert channel_targets.key(channel) != key


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(client):
    asked = {"name": "Program", "target": "https://10.0.0.1/hook", "least_severity": "info"}
    answer = client.post(new("webhook"), asked)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "not public" in html
    assert 'value="https://10.0.0.1/hook"' in html
    assert client.get(new("pigeon")).status_code == 404


def test_editing_shows_no_secret_and_keeps_it_where_nothing_is_entered(client, workspace):
    channel = make_channel(workspace, "slack")
    address = reverse("monitoring:channel_edit", args=[channel.pk])
    html = client.get(address).content.decode()
    assert SLACK not in html
    assert "Empty: https://hooks.slack.com/…WXYZ is kept." in html
    client.post(address, {"name": "Team", "target": "", "least_severity": "info"})
    channel.refresh_from_db()
    assert (channel.name, channel_targets.target(channel)) == ("Team", SLACK)
    client.post(address, {"name": "Team", "target": f"{SLACK}2", "least_severity": "info"})
    channel.refresh_from_db()
    assert channel_targets.target(channel) == f"{SLACK}2"


def test_addresses_of_people_are_there_for_who_may_edit_them(client, workspace):
    channel = make_channel(workspace, "email", "ada@example.org, bob@example.org")
    assert "bob@example.org" in client.get(reverse("monitoring:channel_edit", args=[channel.pk])).content.decode()
    assert "bob@example.org" not in client.get(page_of(channel)).content.decode()


def test_the_test_button_says_at_once_how_it_went(client, workspace, server):
    channel = make_channel(workspace, "webhook", server.url)
    address = reverse("monitoring:channel_test", args=[channel.pk])
    html = client.post(address, follow=True).content.decode()
    assert re.search(r"The test arrived\..*Answered with status 200 after\s+[\d.]+\s+ms", html, re.DOTALL)
    server.status = 500
    html = client.post(address, follow=True).content.decode()
    assert "The test did not arrive." in html
    assert "It answered with status 500." in html
    others = make_channel(make_workspace(), "webhook", server.url)
    foreign = DeliveryAttempt.objects.create(
        delivery=Delivery.objects.create(channel=others, event=None, next_at=None), at=timezone.now(), succeeded=True,
        milliseconds=1,
    )  # fmt: skip
    assert "The test" not in client.get(f"{page_of(channel)}?tested={foreign.pk}").content.decode()
    assert client.get(f"{page_of(channel)}?tested=1%00").status_code == 200


def test_the_log_has_pages_and_leads_to_the_alert(client, workspace, server):
    channel = make_channel(workspace, "webhook", server.url)
    event = make_event(workspace)
    notifications.queue(event, now=timezone.now())
    server.status = 500
    deliveries.deliver(5)
    row = DeliveryAttempt.objects.get()
    for _ in range(30):
        row.pk = None
        row.save(force_insert=True)
    html = client.get(page_of(channel)).content.decode()
    assert "1–25 of 31 attempts" in html
    assert reverse("monitoring:alert", args=[event.alert_id]) in html
    assert "Trying again" in html
    assert "26–31 of 31" in client.get(f"{page_of(channel)}?page=2").content.decode()


def test_names_are_shown_as_text(client, workspace):
    evil = "<script>alert(1)</script>{{ 7|add:7 }}"
    channel = make_channel(workspace, name=evil)
    make_rule(workspace, name=evil).channels.add(channel)
    for address in (LIST, page_of(channel), reverse("monitoring:channel_edit", args=[channel.pk])):
        html = client.get(address).content.decode()
        assert "<script>alert(1)" not in html
        assert "{{ 7|add:7 }}" in html


def test_switching_and_deleting(client, workspace):
    channel = make_channel(workspace)
    switch = reverse("monitoring:channel_switch", args=[channel.pk])
    assert "is disabled; what waited is dropped" in client.post(switch, {"enabled": "0"}, follow=True).content.decode()
    assert "Disabled" in client.get(LIST).content.decode()
    assert "is enabled" in client.post(switch, {"enabled": "1"}, follow=True).content.decode()
    client.post(reverse("monitoring:channel_delete", args=[channel.pk]))
    assert not Channel.objects.exists()


def test_viewers_see_masked_channels_and_no_buttons(workspace):
    channel = make_channel(workspace, "slack")
    viewer = browser(make_member(workspace, Role.VIEWER))
    for address in (LIST, page_of(channel)):
        html = viewer.get(address).content.decode()
        assert "https://hooks.slack.com/…WXYZ" in html
        assert "Send a test" not in html
    assert viewer.get(reverse("monitoring:channel_edit", args=[channel.pk])).status_code == 403


def test_pages_say_where_no_mail_server_is_set(client, workspace, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    make_channel(workspace)
    assert "No mail server is set." in client.get(LIST).content.decode()


def test_pages_cost_the_same_with_few_and_many_channels_and_attempts(client, workspace, server):
    def cost(address):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    channel = make_channel(workspace, "webhook", server.url)
    notifications.test(channel, actor=None)
    notifications.queue(make_event(workspace), now=timezone.now())
    deliveries.deliver(5)
    few = [cost(LIST), cost(page_of(channel))]
    for number in range(12):
        make_channel(workspace, name=f"channel {number}")
        make_rule(workspace, name=f"rule {number}").channels.add(channel)
    row = DeliveryAttempt.objects.latest("pk")
    for _ in range(30):
        row.pk = None
        row.save(force_insert=True)
    assert [cost(LIST), cost(page_of(channel))] == few
    assert few[0] <= 3 + 4
    assert few[1] <= 3 + 8

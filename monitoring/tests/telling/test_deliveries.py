"""The outbox: at least once, in order, with growing pauses, given up after a day; real servers, and one that dies."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import hashlib
import hmac
import json
import socket

import pytest
from django.utils import timezone

from monitoring.models.alerts import Channel, Delivery, DeliveryAttempt
from monitoring.services import channel_targets, channels, deliveries, notifications
from monitoring.services.channels import ChannelChanges
from monitoring.tests.telling.scene import make_channel, make_event, make_rule
from monitoring.tests.telling.smtp_server import mail_server

pytestmark = pytest.mark.django_db
KINDS = ("opened", "acknowledged", "resolved")


def queued(workspace, *kinds, **fields):
    """Events of these kinds, put into the outbox."""
    rule = make_rule(workspace, **fields)
    for kind in kinds or ("opened",):
        notifications.queue(make_event(workspace, kind, rule=rule), now=timezone.now())
    return list(Delivery.objects.filter(event__alert__rule=rule).order_by("pk"))


def due_now() -> None:
    """As if the pauses were over."""
    Delivery.objects.filter(next_at__isnull=False).update(next_at=timezone.now() - dt.timedelta(seconds=1))


def types(server) -> list[str]:
    return [json.loads(one.body)["type"].removeprefix("alert.") for one in server.received]


def test_a_webhook_gets_each_event_once_in_order_and_can_check_it(workspace, server):
    channel = make_channel(workspace, "webhook", server.url)
    made = queued(workspace, *KINDS)
    assert deliveries.deliver(5) == 3
    assert deliveries.deliver(5) == 0
    assert types(server) == list(KINDS)
    for one, got in zip(made, server.received, strict=True):
        assert got.headers["webhook-id"] == got.headers["idempotency-key"] == one.payload["id"]
        secret = base64.b64decode(channel_targets.key(channel).removeprefix("whsec_"))
        signed = f"{one.payload['id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert got.headers["webhook-signature"] == f"v1,{expected}"
        assert json.loads(got.body) == one.payload
    assert Delivery.objects.filter(delivered_at__isnull=False, next_at=None, attempts=1).count() == 3


def test_slack_gets_blocks(workspace, server):
    make_channel(workspace, "slack", f"http://127.0.0.1:{server.port}/services/T/B/X")
    queued(workspace)
    assert deliveries.deliver(5) == 1
    body = json.loads(server.received[0].body)
    assert [one["type"] for one in body["blocks"]] == ["header", "section", "context"]


def test_what_slack_says_of_a_refusal_is_in_the_log(workspace, server):
    make_channel(workspace, "slack", f"http://127.0.0.1:{server.port}/services/T/B/X")
    queued(workspace)
    server.status, server.body = 404, b"no_service"
    assert deliveries.deliver(5) == 0
    assert DeliveryAttempt.objects.get().error == "It answered with status 404 (no_service)."
    server.body = b"<b>whatever stands inside your network</b>"
    due_now()
    deliveries.deliver(5)
    assert DeliveryAttempt.objects.first().error == "It answered with status 404."


def test_mail_goes_to_a_real_server(workspace, settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 2
        make_channel(workspace, "email", "ada@example.org, bob@example.org")
        (made,) = queued(workspace)
        assert deliveries.deliver(5) == 1
        ((recipients, content),) = server.messages
        assert recipients == ["ada@example.org", "bob@example.org"]
        read = email.message_from_bytes(content, policy=email.policy.default)
        assert read["Message-ID"] == f"<{made.payload['id']}@localhost>"

        (refused,) = queued(workspace, name="another rule")
        server.recipient_code = 550
        assert deliveries.deliver(5) == 0
        refused.refresh_from_db()
        assert "refuses every address of the channel (code 550)" in refused.last_error

        server.recipient_code, server.data_code = 250, 451
        due_now()
        deliveries.deliver(5)
        assert DeliveryAttempt.objects.first().status == 451
        server.data_code = 250
        due_now()
        assert deliveries.deliver(5) == 1
    queued(workspace, name="a third rule")
    assert deliveries.deliver(5) == 0
    assert "mail server could not be reached" in DeliveryAttempt.objects.first().error


def test_a_worker_killed_between_sending_and_writing_down_sends_again_with_the_same_id(workspace, server):
    make_channel(workspace, "webhook", server.url)
    (made,) = queued(workspace)
    deliveries._sent(made.channel, made.payload, timezone.now())  # and the worker dies here
    assert deliveries.deliver(5) == 1
    first, second = (one.headers for one in server.received)
    assert first["webhook-id"] == second["webhook-id"] == made.payload["id"]
    assert first["webhook-signature"] != "" != second["webhook-signature"]


def test_a_channel_that_another_worker_serves_is_left_to_it(workspace, server, other_session):
    channel = make_channel(workspace, "webhook", server.url)
    queued(workspace)
    key = [deliveries.LOCK, channel.pk.int % 2**31]
    other_session.execute("SELECT pg_advisory_lock(%s, %s)", key)
    assert deliveries.deliver(5) == 0
    other_session.execute("SELECT pg_advisory_unlock(%s, %s)", key)
    assert deliveries.deliver(5) == 1
    assert len(server.received) == 1


def test_pauses_double_up_to_an_hour():
    pauses = [deliveries.pause_after(n).total_seconds() for n in range(1, 13)]
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert deliveries.pause_after(10**6).total_seconds() == 3600


def test_an_outage_of_a_day_is_tried_with_growing_pauses_and_then_given_up_aloud(workspace, server, caplog):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    channel = make_channel(workspace, "webhook", f"http://127.0.0.1:{port}/")
    (made,) = queued(workspace)
    waited, pauses = dt.timedelta(), []
    while made.next_at is not None:
        assert deliveries.deliver(5) == 0
        before, made = made, Delivery.objects.get(pk=made.pk)
        if made.next_at is not None:
            pause = deliveries.pause_after(made.attempts)
            pauses.append(pause)
            waited += pause
            Delivery.objects.filter(pk=made.pk).update(
                created_at=before.created_at - pause, next_at=timezone.now() - dt.timedelta(seconds=1)
            )
            made.refresh_from_db()
    assert pauses == sorted(pauses)
    assert dt.timedelta(hours=23) <= waited <= dt.timedelta(hours=24)
    assert made.attempts == DeliveryAttempt.objects.count() == len(pauses) + 1 < 40
    assert made.last_error.startswith("Given up after 24 hours. 127.0.0.1 refuses connections")
    assert "alert was not told" in caplog.text
    assert Channel.objects.get(pk=channel.pk).enabled


def test_while_a_channel_is_away_one_message_is_tried_for_all_and_none_overtakes(workspace, server):
    make_channel(workspace, "webhook", server.url)
    queued(workspace, *KINDS)
    server.status = 503
    assert deliveries.deliver(5) == 0
    assert len(server.received) == 1, "the others were not tried"
    server.status = 200
    Delivery.objects.filter(pk=Delivery.objects.order_by("pk")[0].pk).update(next_at=timezone.now())
    assert deliveries.deliver(5) == 3, "the first that arrives brings the others"
    assert types(server)[1:] == list(KINDS)


def test_an_event_during_an_outage_is_tried_after_those_before_it(workspace, server):
    make_channel(workspace, "webhook", server.url)
    queued(workspace, "opened")
    server.status = 503
    deliveries.deliver(5)
    server.status = 200
    rule = Delivery.objects.get().event.alert.rule
    notifications.queue(make_event(workspace, "resolved", rule=rule), now=timezone.now())
    assert deliveries.deliver(5) == 2
    assert types(server) == ["opened", "opened", "resolved"]


def test_a_message_that_is_refused_holds_up_no_other(workspace, server):
    make_channel(workspace, "webhook", server.url)
    queued(workspace, "opened", "resolved")

    def pick(handler):
        refuse = b"alert.opened" in server.received[-1].body
        handler.send_response(400 if refuse else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.reply = pick
    assert deliveries.deliver(5) == 1
    assert Delivery.objects.filter(delivered_at=None, next_at__isnull=False).count() == 1


def test_one_dead_channel_does_not_keep_others_from_hearing(workspace, server):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    make_channel(workspace, "webhook", f"http://127.0.0.1:{port}/", name="dead")
    make_channel(workspace, "webhook", server.url, name="alive")
    queued(workspace, *KINDS)
    assert deliveries.deliver(5) == 3


def test_disabling_drops_what_waits_and_says_so(workspace, engineer, server):
    channel = make_channel(workspace, "webhook", server.url)
    queued(workspace, *KINDS)
    channels.change(channel, actor=engineer, changes=ChannelChanges(enabled=False))
    assert deliveries.deliver(5) == 0
    assert server.received == []
    assert set(Delivery.objects.values_list("next_at", "last_error")) == {(None, deliveries.DISABLED)}


def test_a_channel_deleted_while_it_is_told_leaves_nothing_and_breaks_nothing(workspace, server):
    channel = make_channel(workspace, "webhook", server.url)
    queued(workspace)

    def delete(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.reply = delete
    (made,) = Delivery.objects.all()
    Channel.objects.filter(pk=channel.pk).delete()
    assert deliveries._attempted(made, channel) is False
    assert not DeliveryAttempt.objects.exists()


def test_a_target_that_cannot_be_read_any_more_is_said_and_tried_again(workspace, settings, server):
    make_channel(workspace, "webhook", server.url)
    (made,) = queued(workspace)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", []
    assert deliveries.deliver(5) == 0
    made.refresh_from_db()
    assert "Enter it again" in made.last_error
    assert made.next_at is not None


def test_an_address_that_is_no_longer_allowed_is_refused_when_it_is_posted_to(workspace, settings, server):
    make_channel(workspace, "webhook", server.url)
    queued(workspace)
    settings.ALLOWED_TARGETS = []
    assert deliveries.deliver(5) == 0
    assert server.received == []
    assert "not public" in DeliveryAttempt.objects.get().error


def test_no_secret_is_in_any_log_or_row_in_the_clear(workspace, server, caplog):
    make_channel(workspace, "webhook", f"http://127.0.0.1:{server.port}/hook/SECRETPATH")
    queued(workspace)
    server.status = 500
    deliveries.deliver(5)
    kept = [list(model.objects.values()) for model in (Channel, Delivery, DeliveryAttempt)]
    assert "SECRETPATH" not in f"{kept}{caplog.text}"


def test_old_finished_messages_leave_with_their_attempts(workspace, server):
    make_channel(workspace, "webhook", server.url)
    queued(workspace, "opened", "resolved")
    deliveries.deliver(5)
    queued(workspace, name="waits")
    old = timezone.now() - dt.timedelta(days=91)
    Delivery.objects.exclude(event__kind="resolved").update(created_at=old)
    assert deliveries.drop_old() == 1
    assert sorted(Delivery.objects.values_list("event__kind", flat=True)) == ["opened", "resolved"]
    assert DeliveryAttempt.objects.count() == 1

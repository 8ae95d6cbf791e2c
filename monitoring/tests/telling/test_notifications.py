"""Which channels hear of an event."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experiments.services.spec import TooMany
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_workspace
from monitoring.models.alerts import AlertEvent, Channel, Delivery
from monitoring.services import channels, notifications
from monitoring.services.channels import ChannelChanges
from monitoring.tests.telling.scene import make_channel, make_event, make_rule

pytestmark = pytest.mark.django_db


def told(event) -> set[str]:
    notifications.queue(event, now=timezone.now())
    return set(Delivery.objects.filter(event=event).values_list("channel__name", flat=True))


@pytest.mark.parametrize(
    ("severity", "names"),
    [("info", {"all"}), ("warning", {"all", "serious"}), ("critical", {"all", "serious", "worst"})],
)
def test_channels_hear_from_their_least_severity_on(workspace, severity, names):
    for name, least in (("all", "info"), ("serious", "warning"), ("worst", "critical")):
        make_channel(workspace, name=name, least_severity=least)
    make_channel(workspace, name="off", least_severity="info", enabled=False)
    make_channel(make_workspace(), name="of others", least_severity="info")
    assert told(make_event(workspace, rule=make_rule(workspace, severity=severity))) == names


def test_a_rule_that_names_channels_tells_those_alone_and_never_more_than_they_want(workspace):
    one, two = make_channel(workspace, name="one"), make_channel(workspace, name="two", least_severity="critical")
    make_channel(workspace, name="three")
    rule = make_rule(workspace)
    rule.channels.set([one, two])
    assert told(make_event(workspace, rule=rule)) == {"one"}
    Channel.objects.filter(pk=one.pk).update(enabled=False)
    assert told(make_event(workspace, "returned", rule=rule)) == set()


def test_an_event_is_queued_once_however_often_it_is_asked(workspace):
    make_channel(workspace)
    event = make_event(workspace)
    counts = [notifications.queue(event, now=timezone.now()) for _ in range(2)]
    late = make_channel(workspace, "slack")
    assert [*counts, notifications.queue(event, now=timezone.now())] == [1, 0, 1]
    assert {one.channel_id for one in Delivery.objects.all()} >= {late.pk}
    payloads = [one.payload for one in Delivery.objects.all()]
    assert len({one["id"] for one in payloads}) == 2


def test_notes_are_for_those_who_look(workspace):
    make_channel(workspace)
    assert told(make_event(workspace, AlertEvent.Kind.NOTE)) == set()


def test_an_event_that_is_rolled_back_tells_nobody(workspace):
    make_channel(workspace)
    with transaction.atomic():
        notifications.queue(make_event(workspace), now=timezone.now())
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_what_is_said_is_written_down_with_the_event_and_stays(workspace):
    make_channel(workspace)
    event = make_event(workspace)
    notifications.queue(event, now=timezone.now())
    event.alert.sentence, event.alert.state = "Now it is different.", "resolved"
    event.alert.save()
    payload = Delivery.objects.get().payload
    assert (payload["alert"]["state"], payload["alert"]["sentence"][:7]) == ("open", "NDCG@10")


def test_queueing_costs_the_same_with_few_and_many_channels(workspace):
    def cost(kind):
        event = AlertEvent.objects.select_related("alert__rule__model__workspace", "by").get(
            pk=make_event(workspace, kind).pk
        )
        with CaptureQueriesContext(connection) as queries:
            notifications.queue(event, now=timezone.now())
        return len(queries)

    make_channel(workspace)
    few = cost("opened")
    for number in range(15):
        make_channel(workspace, name=f"channel {number}")
    assert cost("returned") == few <= 6


def test_a_test_is_sent_at_once_and_not_again(workspace, engineer, server):
    channel = make_channel(workspace, "webhook", server.url)
    attempt = notifications.test(channel, actor=engineer)
    assert (attempt.succeeded, attempt.status) == (True, 200)
    server.status = 503
    attempt = notifications.test(channel, actor=engineer)
    assert (attempt.succeeded, attempt.status, attempt.delivery.next_at) == (False, 503, None)
    assert Delivery.objects.filter(next_at__isnull=False).count() == 0
    entry = AuditEntry.objects.filter(action="test_channel").first()
    assert (entry.actor, entry.after) == (
        engineer, {"arrived": False, "status": 503, "error": "It answered with status 503."},
    )  # fmt: skip


def test_a_disabled_channel_can_be_tested(workspace, engineer, server):
    channel = channels.change(
        make_channel(workspace, "webhook", server.url), actor=engineer, changes=ChannelChanges(enabled=False)
    )
    assert notifications.test(channel, actor=engineer).succeeded


def test_the_eleventh_test_in_a_minute_is_refused(workspace, engineer, server):
    channel = make_channel(workspace, "webhook", server.url)
    for _ in range(notifications.TESTS_A_MINUTE):
        notifications.test(channel, actor=engineer)
    with pytest.raises(TooMany, match="10 tests in a minute"):
        notifications.test(make_channel(workspace, "webhook", server.url, name="another"), actor=engineer)
    assert len(server.received) == notifications.TESTS_A_MINUTE

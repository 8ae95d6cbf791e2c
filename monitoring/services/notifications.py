"""Telling people of alerts: what an event is put into the outbox for, and the test of a channel."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils import timezone

from experiments.services.spec import Problem, TooMany
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from monitoring.models.alerts import AlertEvent, Channel, Delivery, DeliveryAttempt, Severity
from monitoring.services import deliveries
from monitoring.services.telling.document import of_event, of_test, with_id

SILENT = (AlertEvent.Kind.NOTE,)
"""Events that nobody is told of: they are written for those who look at the alert."""
RANKS = {severity: rank for rank, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.CRITICAL))}
TESTS_A_MINUTE = 10


def queue(event: AlertEvent, *, now: dt.datetime) -> int:
    """One delivery for each channel that is to hear of the event. Returns how many are new.

    To be called in the transaction that writes the event: both are there or neither is. A second call adds nothing.
    ``now`` is when the event happened; a round that judges another time than the present tells at once all the same.
    """
    channels = [] if event.kind in SILENT else channels_of(event)
    if not channels:
        return 0
    document, present = of_event(event), timezone.now()
    known = set(Delivery.objects.filter(event=event).values_list("channel", flat=True))
    made = [
        Delivery(event=event, channel=channel, payload=with_id(document), next_at=min(now, present))
        for channel in channels
        if channel.pk not in known
    ]
    # Two workers may write the same event's at once; the constraint lets one of them win.
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def channels_of(event: AlertEvent) -> list[Channel]:
    """Enabled ones of the model's workspace whose least severity the alert reaches; the rule's, where it names some."""
    alert = event.alert
    severities = [severity for severity, rank in RANKS.items() if rank <= RANKS[Severity(alert.severity)]]
    fitting = Channel.objects.filter(
        workspace=alert.rule.model.workspace_id, enabled=True, least_severity__in=severities
    )
    named = alert.rule.channels.all()
    return list(fitting.filter(Q(pk__in=named)) if named.exists() else fitting)


def test(channel: Channel, *, actor: User | None) -> DeliveryAttempt:
    """Sends a test message now, whatever the channel's state, and says how it went. It is not tried again.

    Raises TooMany after ten in a minute in one workspace: the button is no way to flood anybody.
    """
    now = timezone.now()
    recent = Delivery.objects.filter(
        channel__workspace=channel.workspace_id, event=None, created_at__gt=now - dt.timedelta(minutes=1)
    )
    if recent.count() >= TESTS_A_MINUTE:
        raise TooMany([Problem("channel", f"{TESTS_A_MINUTE} tests in a minute; try again in a moment")])
    document = of_test(channel, by=str(actor) if actor is not None else "", at=now)
    delivery = Delivery.objects.create(channel=channel, payload=with_id(document), created_at=now, next_at=None)
    attempt = deliveries.attempt(delivery, channel)
    audit.record(
        action="test_channel", actor=actor, workspace=channel.workspace, obj=channel,
        after={"arrived": attempt.succeeded, "status": attempt.status, "error": attempt.error},
    )  # fmt: skip
    return attempt

"""Takes the outbox of alerts to its channels: at least once, each channel's messages in their order.

One worker at a time serves a channel (an advisory lock that dies with its connection), so nothing is sent by two and
no message overtakes an earlier one that waits. A message goes out between transactions and is marked after it; a
worker killed in between leaves it waiting, and it is sent again with the same id. A channel that cannot be reached
costs one try a pause: its other messages wait with it. What did not arrive within a day is given up, and says so.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Max, Min
from django.utils import timezone

from experiments.services.locks import held
from monitoring.models.alerts import Channel, Delivery, DeliveryAttempt
from monitoring.services import channel_targets
from monitoring.services.telling import mail, slack, webhook
from monitoring.services.telling.outcome import Outcome

log = structlog.get_logger(__name__)
LOCK = 0x616C
"""Class of the locks under which a channel is served."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10.0, 3600.0
GIVEN_UP_AFTER = dt.timedelta(hours=24)
KEPT = dt.timedelta(days=90)
CHANNELS_PER_PASS = 100
DISABLED = "The channel was disabled before this could be sent."


def pause_after(attempts: int) -> dt.timedelta:
    """10 s after the first failure, twice as long after each further one, an hour at most."""
    exponent = min(max(attempts, 1) - 1, 16)
    return dt.timedelta(seconds=min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**exponent))


def deliver(seconds: float) -> int:
    """Sends what is due, for about ``seconds``. Returns how many arrived."""
    end = time.monotonic() + seconds
    return sum(_serve(pk, end) for pk in _waiting_channels() if time.monotonic() < end)


def attempt(delivery: Delivery, channel: Channel) -> DeliveryAttempt:
    """One try, written down with what follows from it. To be called outside a transaction: it takes seconds.

    Raises Delivery.DoesNotExist where it was deleted meanwhile.
    """
    at, began = timezone.now(), time.monotonic()
    outcome = _sent(channel, delivery.payload, at)
    milliseconds = (time.monotonic() - began) * 1000
    with transaction.atomic():
        now = Delivery.objects.select_for_update().get(pk=delivery.pk)
        made = DeliveryAttempt.objects.create(
            delivery=now, at=at, succeeded=outcome.succeeded, status=outcome.status, milliseconds=milliseconds,
            error=outcome.error,
        )  # fmt: skip
        now.attempts += 1
        if outcome.succeeded:
            _arrived(now)
        else:
            _failed(now, outcome)
    return made


def drop_old(now: dt.datetime | None = None) -> int:
    """Finished deliveries of more than 90 days ago leave with their attempts. Returns how many."""
    before = (now or timezone.now()) - KEPT
    _, counts = Delivery.objects.filter(next_at=None, created_at__lt=before).delete()
    return counts.get("monitoring.Delivery", 0)


def forget_waiting(channel: Channel, why: str) -> int:
    """Nothing more is tried for this channel. Returns how many messages waited."""
    return Delivery.objects.filter(channel=channel, next_at__isnull=False).update(next_at=None, last_error=why)


def _waiting_channels() -> list[uuid.UUID]:
    """Those with something due, the longest due first."""
    due = Delivery.objects.filter(next_at__lte=timezone.now()).values("channel")
    rows = due.annotate(first=Min("next_at")).order_by("first").values_list("channel", flat=True)
    return list(rows[:CHANNELS_PER_PASS])


def _serve(pk: uuid.UUID, end: float) -> int:
    """Messages of one channel, the oldest first, until one fails for the whole channel."""
    arrived = 0
    with held(LOCK, pk.int) as got:
        channel = Channel.objects.filter(pk=pk).first() if got else None
        if channel is not None and not channel.enabled:
            forget_waiting(channel, DISABLED)
            return 0
        if channel is not None:
            _call_earlier(channel)
        while channel is not None and time.monotonic() < end and (delivery := _next(channel)) is not None:
            arrived += _attempted(delivery, channel)
    return arrived


def _call_earlier(channel: Channel) -> None:
    """A new message is no reason to wait longer: those before it are tried with it, and first."""
    now = timezone.now()
    waiting = Delivery.objects.filter(channel=channel, next_at__isnull=False)
    newest = waiting.filter(next_at__lte=now).aggregate(pk=Max("pk"))["pk"]
    waiting.filter(next_at__gt=now, pk__lt=newest or 0).update(next_at=now)


def _next(channel: Channel) -> Delivery | None:
    return Delivery.objects.filter(channel=channel, next_at__lte=timezone.now()).order_by("pk").first()


def _attempted(delivery: Delivery, channel: Channel) -> bool:
    try:
        return attempt(delivery, channel).succeeded
    except Delivery.DoesNotExist:
        return False  # with its channel or its alert
    except DatabaseError:
        raise
    except Exception:  # whatever it is: it is one attempt that failed, and holds up no other message
        log.exception("telling failed", channel=str(channel.pk), delivery=delivery.pk)
        delivery.attempts += 1
        _put_off(delivery, "An unexpected error, which is in the worker's log.")
        return False


def _sent(channel: Channel, document: dict[str, Any], at: dt.datetime) -> Outcome:
    try:
        match channel.kind:
            case Channel.Kind.EMAIL:
                return mail.send(channel_targets.addresses(channel), document)
            case Channel.Kind.SLACK:
                return slack.send(channel_targets.target(channel), document)
            case _:
                key = channel_targets.key(channel)
                return webhook.send(channel_targets.target(channel), key, document, int(at.timestamp()))
    except channel_targets.CannotUnseal as error:
        return Outcome(False, error=f"The target cannot be read. {error} Enter it again.", away=True)


def _arrived(delivery: Delivery) -> None:
    now = timezone.now()
    delivery.delivered_at, delivery.next_at, delivery.last_error = now, None, ""
    delivery.save(update_fields=["attempts", "delivered_at", "next_at", "last_error"])
    # It answers again: what waited because of it need not wait longer.
    Delivery.objects.filter(channel=delivery.channel_id, next_at__gt=now).update(next_at=now)


def _failed(delivery: Delivery, outcome: Outcome) -> None:
    is_test = delivery.event_id is None
    _put_off(delivery, outcome.error, again=not is_test)
    if outcome.away and delivery.next_at is not None:
        others = Delivery.objects.filter(channel=delivery.channel_id, next_at__lt=delivery.next_at)
        others.update(next_at=delivery.next_at)


def _put_off(delivery: Delivery, error: str, *, again: bool = True) -> None:
    now = timezone.now()
    next_at = now + pause_after(delivery.attempts)
    delivery.next_at, delivery.last_error = next_at if again else None, error
    if again and next_at > delivery.created_at + GIVEN_UP_AFTER:
        delivery.next_at, delivery.last_error = None, f"Given up after 24 hours. {error}"
        log.error("alert was not told", channel=str(delivery.channel_id), delivery=delivery.pk, error=error)
    elif again:
        log.warning("telling is tried again", delivery=delivery.pk, next_at=next_at.isoformat(), error=error)
    delivery.save(update_fields=["attempts", "next_at", "last_error"])

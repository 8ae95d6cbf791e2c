"""What the pages and the API tell of channels: how each does, and every attempt to reach it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from mlopspro.accounts.models import Workspace
from monitoring.models.alerts import Channel, Delivery, DeliveryAttempt
from monitoring.services import channel_targets
from monitoring.services.telling import document


@dataclass(frozen=True)
class ChannelState:
    channel: Channel
    target: str
    """Masked."""
    waiting: int
    """Messages that are tried again."""
    given_up: int
    """Messages that did not arrive and are not tried again; tests are not counted."""
    last: DeliveryAttempt | None


@dataclass(frozen=True)
class LoggedAttempt:
    attempt: DeliveryAttempt
    message: str
    """The headline of what was sent."""


def listed(workspace: Workspace) -> list[ChannelState]:
    """All of a workspace, by name. Two queries."""
    return _states(Channel.objects.filter(workspace=workspace).order_by("name"))


def state_of(channel: Channel) -> ChannelState:
    return _states(Channel.objects.filter(pk=channel.pk))[0]


def attempts(channel: Channel) -> QuerySet[DeliveryAttempt]:
    """The newest first, with what each was about."""
    return (
        DeliveryAttempt.objects.filter(delivery__channel=channel)
        .select_related("delivery__event")
        .order_by("-pk")
    )  # fmt: skip


def logged(rows: QuerySet[DeliveryAttempt] | list[DeliveryAttempt]) -> list[LoggedAttempt]:
    return [LoggedAttempt(one, document.headline(one.delivery.payload)) for one in rows]


def waiting(channel: Channel, most: int = 20) -> list[Delivery]:
    """The oldest first."""
    return list(Delivery.objects.filter(channel=channel, next_at__isnull=False).order_by("pk")[:most])


def _states(channels: QuerySet[Channel]) -> list[ChannelState]:
    newest = DeliveryAttempt.objects.filter(delivery__channel=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    unfinished = Q(deliveries__next_at__isnull=False)
    lost = Q(deliveries__next_at=None, deliveries__delivered_at=None, deliveries__event__isnull=False)
    rows = list(
        channels.select_related("workspace", "created_by").annotate(
            num_waiting=Count("deliveries", filter=unfinished),
            num_lost=Count("deliveries", filter=lost),
            last_attempt=Subquery(newest),
        )
    )
    last = DeliveryAttempt.objects.in_bulk([one.last_attempt for one in rows if one.last_attempt is not None])
    return [
        ChannelState(one, channel_targets.hidden(one), one.num_waiting, one.num_lost, last.get(one.last_attempt))
        for one in rows
    ]

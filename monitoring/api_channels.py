"""JSON API of the channels through which people are told of alerts. Targets are masked; keys are answered once."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Field, Query, Router, Schema, Status

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.models.alerts import Channel, DeliveryAttempt
from monitoring.selectors import channels as rows
from monitoring.services import channels, notifications
from monitoring.services.channels import ChannelChanges, ChannelSpec

router = Router(tags=["alerts"])
ROOT = "/monitoring/alert-channels"


class AttemptOut(Schema):
    id: int
    at: dt.datetime
    message: str = Field(description="Headline of what was sent.")
    succeeded: bool
    status: int | None = Field(description="HTTP status, or the mail server's code where it refused.")
    milliseconds: float
    error: str


class ChannelOut(Schema):
    id: uuid.UUID
    name: str
    kind: str = Field(description="email, slack or webhook")
    target: str = Field(description="Masked.")
    least_severity: str = Field(description="info, warning or critical; alerts of less are not told here.")
    enabled: bool
    created_at: dt.datetime
    waiting: int = Field(description="Messages that are tried again.")
    given_up: int = Field(description="Messages that did not arrive within 24 hours.")
    last_attempt: dict[str, Any] | None


class ChannelAnswer(Envelope):
    data: ChannelOut


class ChannelMade(Envelope):
    data: ChannelOut
    key: str = Field(description="With which a webhook is signed; in no other answer. Empty for other kinds.")


class ChannelList(Envelope):
    data: list[ChannelOut]
    count: int


class AttemptAnswer(Envelope):
    data: AttemptOut


class AttemptList(Envelope):
    data: list[AttemptOut]
    next_before: int | None = Field(description="Give it as `before` for the next page; null on the last.")


class Asked(Schema):
    limit: int = Field(50, ge=1, le=200)
    before: int | None = Field(None, ge=1, le=2**62, description="`next_before` of the page before.")


@router.get(ROOT, response={200: ChannelList, **ERRORS}, summary="List alert channels")
@requires_api(Action.VIEW)
def alert_channels(request: WorkspaceRequest) -> Any:
    found = [_out(state) for state in rows.listed(request.workspace)]
    return {"data": found, "count": len(found)}


@router.post(ROOT, response={201: ChannelMade, **ERRORS}, summary="Add an alert channel")
@requires_api(Action.EDIT_POLICY)
def alert_channel_add(request: WorkspaceRequest, spec: ChannelSpec) -> Status[Any]:
    """What may be posted to is in docs/alerts.md; anything else is answered with 422."""
    made = channels.create(workspace=request.workspace, actor=request.user, spec=spec)
    return Status(201, {"data": _out(rows.state_of(made.channel)), "key": made.key})


@router.get(f"{ROOT}/{{channel_id}}", response={200: ChannelAnswer, **ERRORS}, summary="An alert channel")
@requires_api(Action.VIEW)
def alert_channel(request: WorkspaceRequest, channel_id: uuid.UUID) -> Any:
    return {"data": _out(rows.state_of(get_visible_or_404(Channel, request, channel_id)))}


@router.patch(f"{ROOT}/{{channel_id}}", response={200: ChannelAnswer, **ERRORS}, summary="Change an alert channel")
@requires_api(Action.EDIT_POLICY)
def alert_channel_change(request: WorkspaceRequest, channel_id: uuid.UUID, changes: ChannelChanges) -> Any:
    """What is left out stays as it is. Disabling drops what waits."""
    found = get_visible_or_404(Channel, request, channel_id)
    return {"data": _out(rows.state_of(channels.change(found, actor=request.user, changes=changes)))}


@router.delete(f"{ROOT}/{{channel_id}}", response={204: None, **ERRORS}, summary="Delete an alert channel")
@requires_api(Action.EDIT_POLICY)
def alert_channel_delete(request: WorkspaceRequest, channel_id: uuid.UUID) -> Status[None]:
    """With its log of attempts. Rules that named it alone tell every channel from then on."""
    channels.delete(get_visible_or_404(Channel, request, channel_id), actor=request.user)
    return Status(204, None)


@router.post(f"{ROOT}/{{channel_id}}/test", response={200: AttemptAnswer, **ERRORS}, summary="Send a test")
@requires_api(Action.EDIT_POLICY)
def alert_channel_test(request: WorkspaceRequest, channel_id: uuid.UUID) -> Any:
    """Sends it now and answers how it went: 200 also where it did not arrive. Ten a minute in a workspace."""
    found = get_visible_or_404(Channel, request, channel_id)
    return {"data": _attempt(notifications.test(found, actor=request.user))}


@router.post(f"{ROOT}/{{channel_id}}/key", response={200: ChannelMade, **ERRORS}, summary="Renew a signing key")
@requires_api(Action.EDIT_POLICY)
def alert_channel_key(request: WorkspaceRequest, channel_id: uuid.UUID) -> Any:
    """Of a webhook. The old key signs nothing from now on."""
    found = get_visible_or_404(Channel, request, channel_id)
    key = channels.renew_key(found, actor=request.user)
    return {"data": _out(rows.state_of(found)), "key": key}


@router.get(f"{ROOT}/{{channel_id}}/attempts", response={200: AttemptList, **ERRORS}, summary="Attempts to tell")
@requires_api(Action.VIEW)
def alert_channel_attempts(request: WorkspaceRequest, channel_id: uuid.UUID, asked: Query[Asked]) -> Any:
    """The newest first, of the last 90 days."""
    refuse_unknown(request, Asked)
    found = rows.attempts(get_visible_or_404(Channel, request, channel_id))
    if asked.before is not None:
        found = found.filter(pk__lt=asked.before)
    listed = list(found[: asked.limit + 1])
    shown = listed[: asked.limit]
    more = len(listed) > len(shown)
    return {"data": [_attempt(one) for one in shown], "next_before": shown[-1].pk if more else None}


def _attempt(one: DeliveryAttempt) -> dict[str, Any]:
    (entry,) = rows.logged([one])
    same = ("id", "at", "succeeded", "status", "milliseconds", "error")
    return {name: getattr(one, name) for name in same} | {"message": entry.message}


def _out(state: rows.ChannelState) -> dict[str, Any]:
    channel, last = state.channel, state.last
    same = ("id", "name", "kind", "least_severity", "enabled", "created_at")
    return {name: getattr(channel, name) for name in same} | {
        "target": state.target,
        "waiting": state.waiting,
        "given_up": state.given_up,
        "last_attempt": None
        if last is None
        else {"at": last.at, "succeeded": last.succeeded, "status": last.status, "error": last.error},
    }

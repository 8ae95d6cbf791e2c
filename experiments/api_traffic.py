"""JSON API of the division of a model's users: champion, challengers, interleaved versions, shadows."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Field, Router, Schema
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope, Error
from experiments.models import RegisteredModel
from experiments.selectors.registry import NotFound, numbered
from experiments.selectors.traffic import Share, traffic_of
from experiments.services import traffic
from experiments.services.exploration import change_exploration
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["registry"])
ADDRESS = "/ml-development/models/{model_id}/traffic"
NOBODY = "none"


class ShareOut(Schema):
    deployment: int
    version: str
    role: str = Field(description="champion, challenger, shadow or interleaved")
    share: float = Field(description="Of the users, 0 to 1; of the champion what the others leave.")
    since: dt.datetime
    started_by: str
    reason: str


class TrafficOut(Schema):
    model: uuid.UUID
    exploration: float = Field(description="Share of the champion's lists whose last place is drawn, 0 to 1.")
    running: list[ShareOut]


class TrafficAnswer(Envelope):
    data: TrafficOut


class Wanted(Schema):
    model_config = ConfigDict(extra="forbid")

    version: str = Field("", max_length=40, description="Number of a version in staging, such as 1.2.0.")
    role: str = Field("challenger", max_length=20, description="challenger, shadow, interleaved, or none to stop it.")
    share: float | None = Field(None, description="Of the users, 0.001 to 1; needed unless it stops.")
    reason: str = Field("", max_length=10_000)


class Explored(Schema):
    model_config = ConfigDict(extra="forbid")

    share: float | None = Field(None, description="Of the champion's lists, 0 to 1; 0 stops it.")
    reason: str = Field("", max_length=10_000)


@router.get(ADDRESS, response={200: TrafficAnswer, **ERRORS}, summary="Who answers a model's users")
@requires_api(Action.VIEW)
def registered_model_traffic(request: WorkspaceRequest, model_id: uuid.UUID) -> Any:
    return _document(get_visible_or_404(RegisteredModel, request, model_id))


@router.post(
    ADDRESS, response={200: TrafficAnswer, 409: Error, **ERRORS}, summary="Start, change or stop a version beside it"
)
@requires_api(Action.DEPLOY_MODEL)
def registered_model_traffic_change(request: WorkspaceRequest, model_id: uuid.UUID, wanted: Wanted) -> Any:
    """Says how things are to be: a version that does not answer yet begins to, one that does gets the share, and with
    role `none` it stops. Asking for what is so already changes nothing. Reaches every process within two seconds."""
    model = get_visible_or_404(RegisteredModel, request, model_id)
    try:
        version = numbered(model, wanted.version)
    except NotFound as error:
        raise Refused([Problem("version", str(error))]) from error
    now = traffic.running(model).filter(version=version).first()
    if wanted.role == NOBODY:
        if now is not None:
            traffic.end(now, actor=request.user, reason=wanted.reason)
        return _document(model)
    if wanted.share is None:
        raise Refused([Problem("share", "is missing; accepted: a share from 0.001 to 1")])
    if now is not None and now.role == wanted.role:
        traffic.change_share(now, wanted.share, actor=request.user, reason=wanted.reason)
    else:
        traffic.deploy(version, role=wanted.role, share=wanted.share, actor=request.user, reason=wanted.reason)
    return _document(model)


@router.post(
    f"{ADDRESS}/exploration", response={200: TrafficAnswer, 409: Error, **ERRORS}, summary="Lists that explore"
)
@requires_api(Action.DEPLOY_MODEL)
def registered_model_exploration(request: WorkspaceRequest, model_id: uuid.UUID, wanted: Explored) -> Any:
    """In this share of the champion's lists the last place is a random one of the 20 items that score best for it, and
    the chance of every item is logged. It costs this one place, and lets a version be judged on the log before anybody
    sees it. Only of recommenders. Reaches every process within two seconds."""
    model = get_visible_or_404(RegisteredModel, request, model_id)
    if wanted.share is None:
        raise Refused([Problem("share", "is missing; accepted: a share from 0 to 1")])
    return _document(change_exploration(model, wanted.share, actor=request.user, reason=wanted.reason))


def _document(model: RegisteredModel) -> dict[str, Any]:
    found = traffic_of(model)
    running = [_share(one) for one in (*found.answering, *found.shadows)]
    return {"data": {"model": model.pk, "exploration": model.exploration, "running": running}}


def _share(one: Share) -> dict[str, Any]:
    row = one.deployment
    return {
        "deployment": row.pk,
        "version": row.version.number,
        "role": row.role,
        "share": one.share,
        "since": row.started_at,
        "started_by": row.started_by.email if row.started_by else "",
        "reason": row.reason,
    }

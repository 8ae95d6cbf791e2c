"""JSON API of estimates from logged traffic: what a version would have earned on lists that production showed."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import ModelVersion
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from retraining.services import off_policy

router = Router(tags=["trials"])


class Asked(Schema):
    version: uuid.UUID
    days: int = Field(off_policy.DAYS, ge=1, le=off_policy.MOST_DAYS)


class EstimateOut(Schema):
    state: str = Field(description="estimated, not_enough, none (nothing to estimate from) or cannot")
    sentence: str
    version: str
    against: str = Field(description="The version in production, whose lists they are.")
    kind: str = Field(description="exploration: drawn last places; external: lists sent with propensities; or empty")
    days: int
    since: str = Field(description="Lists before are not used: the version may have learnt from what became of them.")
    at: str
    lists: int = Field(description="Read from the log, the newest 50,000 at most.")
    unused: int
    challenger: dict[str, Any] | None = Field(description="value, low, high, rows, users, effective, cut_share")
    champion: dict[str, Any] | None = Field(description="The same of what production shows there.")
    robust: dict[str, float | None] | None = Field(description="Doubly robust, of exploration: value, low, high")


class EstimateAnswer(Envelope):
    data: EstimateOut


@router.get("/retraining/off-policy", response={200: EstimateAnswer, **ERRORS}, summary="A version on logged traffic")
@requires_api(Action.VIEW)
def retraining_off_policy(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """A hint and no test: what share of users would say yes to what the version shows, by self-normalised inverse
    propensity. Takes two seconds at most and is remembered for ten minutes."""
    refuse_unknown(request, Asked)
    rows = ModelVersion.objects.select_related("model", "experiment", "dataset")
    version = get_object_or_404(rows, pk=asked.version, model__workspace=request.workspace)
    return {"data": asdict(off_policy.asked(version, asked.days))}

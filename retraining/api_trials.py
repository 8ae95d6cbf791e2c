"""JSON API of trials: plan, draft, start, read, stop and promote A/B tests and interleavings."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope, Error
from experiments.api_history import refuse_unknown
from experiments.models import ModelVersion, RegisteredModel
from experiments.selectors.registry import NotFound, numbered
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from retraining.models import Trial
from retraining.selectors import trials as selectors
from retraining.services import trial_design, trial_readings, trials
from retraining.services.trial_ends import UNREAD
from retraining.services.trial_metrics import CREDIT, METRICS

router = Router(tags=["trials"])
ADDRESS = "/retraining/trials/{trial_id}"


class ArmOut(Schema):
    version: str
    version_id: uuid.UUID
    control: bool
    share: float = Field(description="Planned, of the users, 0 to 1.")
    answering: bool
    read: dict[str, Any] = Field(description="Users, predictions, judged, metric (sums), value, guards, stopped.")


class TrialOut(Schema):
    id: uuid.UUID
    model: uuid.UUID
    name: str
    kind: str = Field(description="split or interleaving")
    method: str = Field(description="fixed or sequential")
    metric: str
    state: str = Field(description="draft, running or ended")
    plan: dict[str, Any]
    started_at: dt.datetime | None
    planned_end: dt.datetime | None
    ended_at: dt.datetime | None
    next_reading_at: dt.datetime | None
    trouble: str
    winner: str | None = Field(description="Of an ended trial.")
    read_at: dt.datetime | None
    verdict: dict[str, Any] = Field(description="outcome, sentence, winner, users, split, variants, left_out …")
    arms: list[ArmOut]


class TrialAnswer(Envelope):
    data: TrialOut


class TrialRow(Schema):
    id: uuid.UUID
    model: uuid.UUID
    name: str
    kind: str
    metric: str
    state: str
    versions: list[str]
    outcome: str
    sentence: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


class TrialList(Envelope):
    data: list[TrialRow]


class Planned(Schema):
    users: int
    days: float | None
    least_effect: float
    sentence: str
    baseline: dict[str, Any] = Field(description="value, scatter of a user, users_a_day, users, sentence")


class PlannedAnswer(Envelope):
    data: Planned


class ChangeOut(Schema):
    version: str
    from_stage: str
    to_stage: str
    at: dt.datetime
    reason: str


class PromotedAnswer(Envelope):
    data: ChangeOut


class DocumentIn(Schema):
    """A trial as it is asked for; what is left out takes its default."""

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    kind: str = "split"
    method: str = "sequential"
    metric: str = Field("", description=f"{', '.join(METRICS)}; of an interleaving {CREDIT}.")
    variants: list[str] = Field([], description="Numbers or ids of versions in development or staging.")
    shares: dict[str, float] = Field({}, description="By number, of the users; the champion has the rest.")
    control_share: float | None = Field(None, description="Instead of shares: the variants have the rest evenly.")
    alpha: float | None = None
    power: float | None = None
    least_effect: float | None = Field(None, description="In the unit of the metric; for the planner.")
    planned_users: int | None = Field(None, description="Of all arms; left out, as the planner says.")
    days: float | None = Field(None, description="Planned length; left out, as the planner says.")
    guards: dict[str, float] | None = Field(None, description="quality_drop, error_rise, slow_rise, slow_ms")

    def document(self) -> dict[str, Any]:
        values = self.model_dump(exclude_none=True)
        values.pop("model", None)
        return values


class TrialIn(DocumentIn):
    model: uuid.UUID


class Asked(Schema):
    model: uuid.UUID | None = None
    state: Literal["draft", "running", "ended"] | None = None
    limit: int = Field(20, ge=1, le=200)


class PlanAsked(Schema):
    model: uuid.UUID
    metric: str = "ndcg_at_10"
    variants: int = Field(1, ge=1, le=5)
    control_share: float = Field(0.5, ge=0.001, le=0.999)
    alpha: float = Field(0.05, ge=0.001, le=0.2)
    power: float = Field(0.8, ge=0.5, le=0.99)
    method: Literal["fixed", "sequential"] = "sequential"
    least_effect: float = Field(0.0, ge=0)
    users: int = Field(0, ge=0, le=1_000_000_000)
    days: float = Field(0.0, ge=0, le=366)


class Reason(Schema):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)


class PromoteIn(Reason):
    version: str = Field("", max_length=40, description="A variant that did not win, by the ordinary rules.")


@router.get("/retraining/trials", response={200: TrialList, **ERRORS}, summary="Trials, newest first")
@requires_api(Action.VIEW)
def retraining_trials(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    refuse_unknown(request, Asked)
    rows = selectors.of_workspace(request.workspace)
    if asked.model is not None:
        rows = rows.filter(model=get_visible_or_404(RegisteredModel, request, asked.model))
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    return {"data": [_row(one) for one in rows[: asked.limit]]}


@router.post("/retraining/trials", response={200: TrialAnswer, 409: Error, **ERRORS}, summary="Draft a trial")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_draft(request: WorkspaceRequest, given: TrialIn) -> Any:
    """Nobody is answered differently until it is started."""
    model = get_visible_or_404(RegisteredModel, request, given.model)
    return _document(trials.draft(model, given.document(), actor=request.user))


@router.get("/retraining/trials/plan", response={200: PlannedAnswer, 409: Error, **ERRORS}, summary="How many users?")
@requires_api(Action.VIEW)
def retraining_trial_plan(request: WorkspaceRequest, asked: Query[PlanAsked]) -> Any:
    """From the champion's last seven days. Of least effect, users and days the first that is given decides."""
    refuse_unknown(request, PlanAsked)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    if asked.metric not in (*trials.choices(model), CREDIT):
        known = ", ".join((*trials.choices(model), CREDIT))
        raise Refused([Problem("metric", f"{asked.metric[:40]!r} is not accepted; {known} are")])
    known_of = trial_design.baseline(model, asked.metric)
    if known_of is None:
        raise Refused([Problem("model", f"too little is known of {model.name}'s users to plan a trial")])
    options = asked.model_dump(exclude={"model", "metric"})
    try:
        made = trial_design.plan(known_of, interleaving=asked.metric == CREDIT, **options)
    except ValueError as error:
        name, _, text = str(error).partition(": ")
        raise Refused([Problem(name, text or str(error))]) from error
    return {"data": {**vars(made), "baseline": vars(known_of)}}


@router.get(ADDRESS, response={200: TrialAnswer, **ERRORS}, summary="One trial with its newest reading")
@requires_api(Action.VIEW)
def retraining_trial(request: WorkspaceRequest, trial_id: uuid.UUID) -> Any:
    return _document(_found(request, trial_id))


@router.put(ADDRESS, response={200: TrialAnswer, 409: Error, **ERRORS}, summary="Change a draft")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_change(request: WorkspaceRequest, trial_id: uuid.UUID, given: DocumentIn) -> Any:
    return _document(trials.change(_found(request, trial_id), given.document(), actor=request.user))


@router.delete(ADDRESS, response={204: None, 409: Error, **ERRORS}, summary="Delete a draft")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_delete(request: WorkspaceRequest, trial_id: uuid.UUID) -> Any:
    trials.delete(_found(request, trial_id), actor=request.user)
    return Status(204, None)


@router.post(f"{ADDRESS}/start", response={200: TrialAnswer, 409: Error, **ERRORS}, summary="Start it")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_start(request: WorkspaceRequest, trial_id: uuid.UUID) -> Any:
    """Its versions begin to answer their shares of the users, who are drawn anew."""
    return _document(trials.start(_found(request, trial_id), actor=request.user))


@router.post(f"{ADDRESS}/read", response={200: TrialAnswer, 409: Error, **ERRORS}, summary="Read it now")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_read(request: WorkspaceRequest, trial_id: uuid.UUID) -> Any:
    """The schedule reads running trials by itself; a reading may stop a variant that does harm."""
    trial = _found(request, trial_id)
    trial_readings.read(trial)
    return _document(trial)


@router.post(f"{ADDRESS}/stop", response={200: TrialAnswer, 409: Error, **ERRORS}, summary="Stop it")
@requires_api(Action.DEPLOY_MODEL)
def retraining_trial_stop(request: WorkspaceRequest, trial_id: uuid.UUID, given: Reason) -> Any:
    """It is read once more, its verdict stays, and all users are with the champion."""
    return _document(trials.stop(_found(request, trial_id), actor=request.user, reason=given.reason))


@router.post(f"{ADDRESS}/promote", response={200: PromotedAnswer, 409: Error, **ERRORS}, summary="Promote the winner")
@requires_api(Action.PROMOTE_MODEL)
def retraining_trial_promote(request: WorkspaceRequest, trial_id: uuid.UUID, given: PromoteIn) -> Any:
    """The winner goes into production and the trial ends."""
    trial = _found(request, trial_id)
    change = trials.promote(trial, actor=request.user, reason=given.reason, version=_version(trial, given.version))
    named = ("from_stage", "to_stage", "at", "reason")
    return {"data": {"version": change.version.number, **{name: getattr(change, name) for name in named}}}


def _found(request: WorkspaceRequest, pk: uuid.UUID) -> Trial:
    rows = Trial.objects.select_related("model__workspace")
    return get_object_or_404(rows, pk=pk, model__workspace=request.workspace)


def _version(trial: Trial, number: str) -> ModelVersion | None:
    if not number:
        return None
    try:
        return numbered(trial.model, number)
    except NotFound as error:
        raise Refused([Problem("version", str(error))]) from error


def _document(trial: Trial) -> dict[str, Any]:
    view = selectors.detail(trial)
    row = view.trial
    same = ("name", "kind", "method", "metric", "state", "plan", "started_at", "planned_end", "ended_at")
    arms = ("version_id", "control", "share", "answering", "read")
    return {
        "data": {
            "id": row.pk,
            "model": row.model_id,
            **{name: getattr(row, name) for name in (*same, "next_reading_at", "trouble")},
            "winner": row.winner.number if row.winner is not None else None,
            "read_at": view.reading.at if view.reading is not None else None,
            "verdict": view.verdict,
            "arms": [{"version": one.number, **{name: getattr(one, name) for name in arms}} for one in view.arms],
        }
    }


def _row(one: Trial) -> dict[str, Any]:
    same = ("name", "kind", "metric", "state", "started_at", "ended_at")
    verdict = UNREAD | one.verdict
    return {
        "id": one.pk,
        "model": one.model_id,
        "versions": [arm.version.number for arm in one.arms.all()],
        "outcome": verdict["outcome"],
        "sentence": verdict["sentence"],
        **{name: getattr(one, name) for name in same},
    }

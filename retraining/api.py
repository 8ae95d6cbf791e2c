"""JSON API of retraining: evaluate a policy, read decisions, answer proposals, follow and stop retrainings (F210)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope, Error
from experiments.api_history import refuse_unknown
from experiments.models import Dataset, RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action, NotAllowed, can
from mlopspro.core.http import WorkspaceRequest
from retraining.models import Decision, Drill, Retraining
from retraining.services import decisions, drills, floors, kill_switch, policies, retrainings

router = Router(tags=["retraining"])


class TriggerOut(Schema):
    trigger: str
    state: str = Field(description="fired, quiet, not_enough, off or does_not_apply")
    tier: str | None
    value: float | None
    threshold: float | None
    sample: int | None
    minimum: int | None
    sentence: str


class DecisionOut(Schema):
    id: uuid.UUID
    model: uuid.UUID
    at: dt.datetime
    tier: str = Field(description="immediate, consider_soon, monitor or not_enough")
    action: str = Field(description="none, propose or retrain")
    wanted: str = Field(description="What the policy would do without brakes.")
    sentence: str
    reasons: list[str]
    triggers: list[TriggerOut]
    held: list[dict[str, Any]] = Field(description="Brakes that held it back: brake, sentence, until.")
    through: str
    policy_revision: int
    answer: str = Field(description="Of a proposal: open, accepted, dismissed or superseded.")
    retraining: uuid.UUID | None


class DecisionAnswer(Envelope):
    data: DecisionOut


class DecisionList(Envelope):
    data: list[DecisionOut]


class StepOut(Schema):
    number: int
    kind: str
    state: str
    sentence: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    evidence: dict[str, Any]


class RetrainingOut(Schema):
    id: uuid.UUID
    model: uuid.UUID
    state: str
    sentence: str
    decision: uuid.UUID | None
    base: str = Field(description="The version in production when it began.")
    version: str | None
    experiment: uuid.UUID | None
    dataset: uuid.UUID | None
    started_at: dt.datetime
    ended_at: dt.datetime | None
    steps: list[StepOut]


class RetrainingAnswer(Envelope):
    data: RetrainingOut


class RetrainingList(Envelope):
    data: list[RetrainingOut]


class PolicyOut(Schema):
    model: uuid.UUID
    revision: int = Field(description="0: nobody changed the defaults yet.")
    policy: dict[str, Any]
    plan: dict[str, Any]
    floor: dict[str, Any] | None = Field(
        description="Whether the performance floor says anything on the version's data: reached, sentence, proposal."
    )


class PolicyAnswer(Envelope):
    data: PolicyOut


class DrillIn(Schema):
    model_config = ConfigDict(extra="forbid")

    kind: str = Field("", description="A synthetic world that drifts like this; or a dataset.")
    dataset: uuid.UUID | None = None
    seed: int = 0
    strategies: list[str] = Field([], description="Beside never and every day; left out, all.")


class DrillOut(Schema):
    id: uuid.UUID
    name: str
    status: str
    phase: str
    progress: float | None
    failure_reason: str
    parameters: dict[str, Any]
    result: dict[str, Any]


class DrillAnswer(Envelope):
    data: DrillOut


class CheckIn(Schema):
    model_config = ConfigDict(extra="forbid")

    model: uuid.UUID
    retrain: bool = Field(False, description="Ask for a retraining whatever the signals say.")


class Changes(Schema):
    model_config = ConfigDict(extra="forbid")

    changes: dict[str, Any] = Field({}, description='By dotted names, e.g. {"drift.above": 0.4, "mode": "automatic"}.')
    reason: str = Field("", max_length=500)
    revision: int | None = Field(None, description="The revision this change was made for; another one refuses it.")


class AnswerIn(Schema):
    model_config = ConfigDict(extra="forbid")

    accept: bool | None = Field(None, description="true begins the retraining, false dismisses the proposal.")


class Reason(Schema):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)


class SwitchIn(Reason):
    on: bool


class Switch(Schema):
    on: bool
    reason: str
    at: dt.datetime


class SwitchAnswer(Envelope):
    data: Switch


class Asked(Schema):
    model: uuid.UUID
    limit: int = Field(20, ge=1, le=200)


@router.post("/monitoring/retraining-check", response={200: DecisionAnswer, **ERRORS}, summary="Retrain or not?")
@requires_api(Action.HANDLE_ALERT)
def retraining_check(request: WorkspaceRequest, asked: CheckIn) -> Any:
    """Evaluates the model's policy now, stores the decision and does what it says; `retrain` asks for a retraining by
    hand. The same inputs give the same decision as the page, the schedule and `manage.py check_retraining`."""
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    if asked.retrain and not can(request.user, request.workspace, Action.DEPLOY_MODEL):
        raise NotAllowed(Action.DEPLOY_MODEL)
    made = decisions.decide(model, through="api", actor=request.user, by_hand=asked.retrain)
    return {"data": _decision(made)}


@router.get("/retraining/decisions", response={200: DecisionList, **ERRORS}, summary="Stored decisions, newest first")
@requires_api(Action.VIEW)
def retraining_decisions(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    refuse_unknown(request, Asked)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    rows = Decision.objects.filter(model=model).select_related("retraining").defer("inputs", "policy")
    return {"data": [_decision(one) for one in rows[: asked.limit]]}


@router.post(
    "/retraining/decisions/{decision_id}/answer",
    response={200: DecisionAnswer, 409: Error, **ERRORS},
    summary="Accept or dismiss a proposal",
)
@requires_api(Action.DEPLOY_MODEL)
def retraining_answer(request: WorkspaceRequest, decision_id: uuid.UUID, given: AnswerIn) -> Any:
    rows = Decision.objects.select_related("model__workspace")
    row = get_object_or_404(rows, pk=decision_id, model__workspace=request.workspace)
    if given.accept is None:
        raise Refused([Problem("accept", "is missing; accepted: true or false")])
    decisions.answer(row, accept=given.accept, actor=request.user, through="api")
    return {"data": _decision(Decision.objects.select_related("retraining").get(pk=row.pk))}


@router.get("/retraining/policies/{model_id}", response={200: PolicyAnswer, **ERRORS}, summary="A model's policy")
@requires_api(Action.VIEW)
def retraining_policy(request: WorkspaceRequest, model_id: uuid.UUID) -> Any:
    model = get_visible_or_404(RegisteredModel, request, model_id)
    return {"data": _policy(model)}


@router.patch("/retraining/policies/{model_id}", response={200: PolicyAnswer, **ERRORS}, summary="Change a policy")
@requires_api(Action.EDIT_POLICY)
def retraining_policy_change(request: WorkspaceRequest, model_id: uuid.UUID, given: Changes) -> Any:
    model = get_visible_or_404(RegisteredModel, request, model_id)
    policies.change(model, given.changes, actor=request.user, reason=given.reason, seen=given.revision)
    return {"data": _policy(model)}


@router.post(
    "/retraining/policies/{model_id}/floor", response={200: PolicyAnswer, **ERRORS}, summary="Use the proposed floor"
)
@requires_api(Action.EDIT_POLICY)
def retraining_policy_floor(request: WorkspaceRequest, model_id: uuid.UUID) -> Any:
    """Where the agreed floor says nothing on the version's data, `floor.proposal` of the policy becomes it."""
    model = get_visible_or_404(RegisteredModel, request, model_id)
    floors.adopt(model, actor=request.user)
    return {"data": _policy(model)}


@router.post("/retraining/drills", response={200: DrillAnswer, **ERRORS}, summary="Start a drill")
@requires_api(Action.LAUNCH_TRAINING)
def retraining_drill_start(request: WorkspaceRequest, asked: DrillIn) -> Any:
    """Replays data in order of time under several policies, in the background."""
    dataset = get_visible_or_404(Dataset, request, asked.dataset) if asked.dataset else None
    made = drills.ask(
        request.workspace, kind=asked.kind, dataset=dataset, seed=asked.seed, strategies=asked.strategies,
        actor=request.user,
    )  # fmt: skip
    return {"data": _drill(made)}


@router.get("/retraining/drills/{drill_id}", response={200: DrillAnswer, **ERRORS}, summary="One drill")
@requires_api(Action.VIEW)
def retraining_drill(request: WorkspaceRequest, drill_id: uuid.UUID) -> Any:
    return {"data": _drill(get_visible_or_404(Drill, request, drill_id))}


@router.get("/retraining/runs", response={200: RetrainingList, **ERRORS}, summary="Retrainings, newest first")
@requires_api(Action.VIEW)
def retraining_runs(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    refuse_unknown(request, Asked)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    rows = Retraining.objects.filter(model=model).select_related("base", "version").prefetch_related("steps")
    return {"data": [_retraining(one) for one in rows[: asked.limit]]}


@router.get("/retraining/runs/{run_id}", response={200: RetrainingAnswer, **ERRORS}, summary="One retraining")
@requires_api(Action.VIEW)
def retraining_run(request: WorkspaceRequest, run_id: uuid.UUID) -> Any:
    return {"data": _retraining(_found(request, run_id))}


@router.post(
    "/retraining/runs/{run_id}/stop", response={200: RetrainingAnswer, 409: Error, **ERRORS}, summary="Stop it"
)
@requires_api(Action.DEPLOY_MODEL)
def retraining_stop(request: WorkspaceRequest, run_id: uuid.UUID, given: Reason) -> Any:
    """Production stays as it is; a canary ends."""
    retrainings.stop(_found(request, run_id), actor=request.user, reason=given.reason)
    return {"data": _retraining(_found(request, run_id))}


@router.post(
    "/retraining/runs/{run_id}/approve",
    response={200: RetrainingAnswer, 409: Error, **ERRORS},
    summary="Say yes to its promotion",
)
@requires_api(Action.DEPLOY_MODEL)
def retraining_approve(request: WorkspaceRequest, run_id: uuid.UUID) -> Any:
    retrainings.approve(_found(request, run_id), actor=request.user)
    return {"data": _retraining(_found(request, run_id))}


@router.get("/retraining/kill-switch", response={200: SwitchAnswer, **ERRORS}, summary="Whether retraining is stopped")
@requires_api(Action.VIEW)
def retraining_kill_switch(request: WorkspaceRequest) -> Any:
    return {"data": _switch(request)}


@router.post("/retraining/kill-switch", response={200: SwitchAnswer, **ERRORS}, summary="Stop or allow all retraining")
@requires_api(Action.KILL_SWITCH)
def retraining_turn(request: WorkspaceRequest, given: SwitchIn) -> Any:
    kill_switch.turn(request.workspace, on=given.on, actor=request.user, reason=given.reason)
    return {"data": _switch(request)}


def _drill(one: Drill) -> dict[str, Any]:
    names = ("name", "status", "phase", "failure_reason", "parameters", "result")
    return {"id": one.pk, "progress": one.progress_share} | {name: getattr(one, name) for name in names}


def _found(request: WorkspaceRequest, pk: uuid.UUID) -> Retraining:
    rows = Retraining.objects.select_related("base", "version", "model__workspace").prefetch_related("steps")
    return get_object_or_404(rows, pk=pk, model__workspace=request.workspace)


def _switch(request: WorkspaceRequest) -> dict[str, Any]:
    row = kill_switch.state_of(request.workspace)
    return {"on": kill_switch.is_on(request.workspace), "reason": row.reason, "at": row.at}


def _policy(model: RegisteredModel) -> dict[str, Any]:
    agreed = policies.of(model)
    return {
        "model": model.pk,
        "revision": agreed.revision,
        "policy": agreed.policy.to_json(),
        "plan": agreed.plan.to_json(),
        "floor": floor.to_json() if (floor := floors.standing(model, agreed)) is not None else None,
    }


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "id": one.pk,
        "model": one.model_id,
        "at": one.at,
        "tier": one.tier,
        "action": one.action,
        "sentence": one.sentence,
        **{name: one.document[name] for name in ("wanted", "reasons", "triggers", "held")},
        "through": one.through,
        "policy_revision": one.policy_revision,
        "answer": one.answer,
        "retraining": one.retraining.pk if hasattr(one, "retraining") else None,
    }


def _retraining(one: Retraining) -> dict[str, Any]:
    steps = ("number", "kind", "state", "sentence", "started_at", "ended_at", "evidence")
    return {
        "id": one.pk,
        "model": one.model_id,
        "state": one.state,
        "sentence": one.sentence,
        "decision": one.decision_id,
        "base": one.base.number,
        "version": one.version.number if one.version is not None else None,
        "experiment": one.experiment_id,
        "dataset": one.dataset_id,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "steps": [{name: getattr(step, name) for name in steps} for step in one.steps.all()],
    }

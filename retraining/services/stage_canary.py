"""The canary: the new version's share of the users grows step by step; then it is promoted, or the champion has all."""

from __future__ import annotations

import datetime as dt

from experiments.models import Deployment, ModelVersion
from experiments.services import promotion, traffic
from experiments.services.labels import MAX_NOTE_LENGTH
from experiments.services.promotion import PromotionRefused
from experiments.services.promotion_blockers import Assessment
from experiments.services.spec import Refused
from mlopspro.accounts.models import User
from retraining.models import Retraining, RetrainingStep
from retraining.plan import Plan
from retraining.services import canary_evidence, steps
from retraining.services.stage_gate import may_not, standing
from retraining.services.steps import THROUGH, Kind, State, StepState
from retraining.trial import canary


def turn(row: Retraining, now: dt.datetime) -> bool:
    """Whether it went on; False: the step goes on, or it waits for a person."""
    step, version = steps.running(row, Kind.CANARY), row.version
    if version is None or step is None:
        return _end(row, State.FAILED, "Its version was deleted.")
    deployed = Deployment.objects.filter(version=version, ended_at__isnull=True, role=traffic.CHALLENGER).first()
    if lacking := may_not(row) or _interfered(version, deployed, step):
        return _end(row, State.HELD, lacking)
    if deployed is None or not canary_evidence.is_due(step, now):
        return False
    return _go_on(row, step, version, deployed, now)


def _interfered(version: ModelVersion, deployed: Deployment | None, step: RetrainingStep) -> str:
    """What somebody did to the canary meanwhile, in words."""
    if deployed is None:
        return f"Somebody ended the canary of {version.number}."
    if deployed.share != step.evidence["share"]:
        return f"Somebody gave {version.number} {100 * deployed.share:g} % of the users meanwhile."
    return ""


def _go_on(
    row: Retraining, step: RetrainingStep, version: ModelVersion, deployed: Deployment, now: dt.datetime
) -> bool:
    """What the plan says to the evidence so far."""
    plan = Plan.from_json(row.plan)
    state = canary.State.from_json(step.evidence["canary"])
    reading = canary_evidence.of(row, step, plan, now)
    move, found = canary.advance(plan.canary, state, reading.evidence, now), reading.document
    if move.action == "roll_back":
        return _roll_back(row, step, move, found, now)
    if move.action == "hold":
        with steps.locked(row) as held:
            steps.note(step, move.sentence, found)
            steps.end(held, State.HELD, f"Production keeps {row.base.number}. {move.sentence}")
        return True
    if move.action == "raise":
        return _raise(row, step, deployed, move, found, now)
    if move.action == "finish":
        approved = step.evidence.get("approved")
        if plan.promote == "automatic" or approved is not None:
            return _promote(row, step, version, move, found, approved or {}, now)
        return _wait(row, step, found, f"{move.sentence} It waits for a person to promote {version.number}.")
    return _wait(row, step, found, move.sentence)


def _wait(row: Retraining, step: RetrainingStep, found: dict[str, object], sentence: str) -> bool:
    with steps.locked(row) as held:
        fresh = RetrainingStep.objects.get(pk=step.pk)  # a person may have approved meanwhile
        steps.note(fresh, sentence, found)
        steps.say(held, sentence)
    return False


def _raise(
    row: Retraining,
    step: RetrainingStep,
    deployed: Deployment,
    move: canary.Step,
    found: dict[str, object],
    now: dt.datetime,
) -> bool:
    try:
        with steps.locked(row) as held:
            traffic.change_share(deployed, move.share, actor=row.started_by, reason=f"Retraining: {move.sentence}")
            steps.finish(step, StepState.DONE, move.sentence, found)
            evidence = {"share": move.share, "canary": move.state.to_json()}
            steps.begin(held, Kind.CANARY, move.sentence, evidence, at=now)
    except Refused as error:
        return _end(row, State.HELD, f"Its canary cannot go on: {error}")
    return True


def _roll_back(
    row: Retraining, step: RetrainingStep, move: canary.Step, found: dict[str, object], now: dt.datetime
) -> bool:
    with steps.locked(row) as held:
        steps.finish(step, StepState.REFUSED, move.sentence, found)
        steps.begin(held, Kind.ROLL_BACK, f"All users go back to {row.base.number}.", at=now)
        done = steps.running(held, Kind.ROLL_BACK)
        if done is not None:
            steps.finish(done, StepState.DONE, f"All users are back with {row.base.number}.")
        steps.end(held, State.ROLLED_BACK, move.sentence)
    return True


def _promote(
    row: Retraining,
    step: RetrainingStep,
    version: ModelVersion,
    move: canary.Step,
    found: dict[str, object],
    approved: dict[str, str],
    now: dt.datetime,
) -> bool:
    """Into production, with the row that says so, in one transaction."""
    person = User.objects.filter(pk=approved["id"]).first() if approved.get("id") else row.started_by
    gate = row.steps.filter(kind=Kind.GATE).order_by("-number").first()
    judged = gate.evidence.get("judged", {}) if gate is not None else {}
    against = promotion.blockers(version)
    overruled = bool(against) and not standing(Assessment(tuple(against), None), judged)
    reason = approved.get("reason") or f"Retraining: {move.sentence}"
    try:
        with steps.locked(row) as held:
            promotion.promote(
                version,
                actor=person,
                reason=f"{reason} {judged['sentence']}"[:MAX_NOTE_LENGTH] if overruled else reason,
                force=overruled,
                through=THROUGH,
                seen_champion=row.base_id,
            )
            steps.finish(step, StepState.DONE, move.sentence, found)
            last = steps.begin(held, Kind.PROMOTE, f"{version.number} goes into production.", at=now)
            steps.finish(last, StepState.DONE, f"{version.number} is in production in the place of {row.base.number}.")
            steps.end(held, State.PROMOTED, last.sentence, actor=person)
    except PromotionRefused as refused:
        return _end(row, State.HELD, f"Production keeps {row.base.number}. {refused}")
    return True


def _end(row: Retraining, state: str, why: str) -> bool:
    with steps.locked(row) as held:
        steps.end(held, state, why)
    return True

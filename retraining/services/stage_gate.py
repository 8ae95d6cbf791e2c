"""The gate: the new version against production on the newest holdout, both on the same users (D6).

Production's version has not been judged on this holdout, so an evaluation of its run is launched first. What speaks
against a promotion speaks against the canary too: it is asked now, not after users have seen the version.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from experiments.models import Experiment, ModelVersion, Stage
from experiments.services import launch, promotion, traffic
from experiments.services.gate import EvaluationOffer
from experiments.services.promotion import PromotionRefused
from experiments.services.promotion_blockers import Assessment, Blocker
from experiments.services.spec import LaunchSpec, Refused, TooMany
from mlopspro.accounts.permissions import Action, can
from retraining.models import Retraining, RetrainingStep, Trial
from retraining.plan import Plan
from retraining.services import gate_hint, judged_gate, steps
from retraining.services.steps import THROUGH, Kind, State, StepState
from retraining.trial import canary

GATE_FAILED = "gate_failed"


def turn(row: Retraining, now: dt.datetime) -> bool:
    """Whether it went on; False: it waits for the evaluation, or for a trial to end."""
    step = steps.running(row, Kind.GATE)
    version = row.version
    if version is None or step is None:
        return _end(row, State.FAILED, "Its version was deleted.")
    if (lacking := may_not(row)) or (lacking := _never(version)):
        return _end(row, State.HELD, lacking)
    evaluation = Experiment.objects.filter(pk=step.evidence.get("evaluation")).first()
    if evaluation is not None and evaluation.is_active:
        with steps.locked(row) as held:
            steps.say(held, f"{row.base.number} is judged on the new data: {evaluation.state.label.lower()}.")
        return False
    found = promotion.assess(version, Stage.PRODUCTION)
    if found.gate is not None and found.gate.offer is not None and evaluation is None:
        return _evaluate(row, step, found.gate.offer)
    judged = _judged(row, step, found)
    gate_hint.keep(row, step, version)
    if standing(found, judged):
        return _refuse(row, step, found, evaluation, judged)
    trial = Trial.objects.filter(model=row.model, state=Trial.State.RUNNING).first()
    if trial is not None:
        with steps.locked(row) as held:
            steps.say(held, f"Passed the gate; waits for the trial {trial.name} to end.")
        return False
    return _pass(row, step, version, _sentence(found, judged), found, now)


def standing(found: Assessment, judged: dict[str, Any]) -> list[Blocker]:
    """What is left of what speaks against it, where users judged both versions' items (docs/retraining.md).

    Of a holdout that production's version chose, a comparison over the whole catalogue favours that version: passed is
    passed, failed is nothing. Among judged items worse for certain outweighs the other.
    """
    worse = bool(judged) and judged["high"] < 0
    left = [one for one in found.blockers if one.code != GATE_FAILED or not judged.get("passed")]
    if worse and not left:
        left.append(Blocker(GATE_FAILED, judged["sentence"], True))
    return left


def may_not(row: Retraining) -> str:
    """A person who began it must still be allowed to; what the policy began by itself may."""
    person = row.started_by
    if person is None or can(person, row.model.workspace, Action.DEPLOY_MODEL):
        return ""
    return f"{person}, who began it, may not deploy models any more."


def _never(version: ModelVersion) -> str:
    if version.stage not in (Stage.DEVELOPMENT, Stage.STAGING):
        return f"{version.number} is in {version.state.label.lower()}; somebody moved it meanwhile."
    return ""


def _evaluate(row: Retraining, step: RetrainingStep, offer: EvaluationOffer) -> bool:
    asked = {
        "name": f"{row.model.name}: {row.base.number} judged on {row.dataset.name if row.dataset else ''}"[:200],
        "dataset": offer.dataset,
        "split": offer.split,
        "run_type": "eval",
        "evaluates": offer.evaluates,
        "trackers": list(row.base.experiment.trackers),
        "tags": ["retraining"],
    }
    try:
        with steps.locked(row) as held:
            run = launch.launch(
                workspace=row.model.workspace,
                actor=row.started_by,
                spec=LaunchSpec.model_validate(asked),
                through=THROUGH,
                idempotency_key=f"retraining {row.pk} evaluation",
            )
            steps.note(step, f"{row.base.number} is judged on the new data.", {"evaluation": str(run.pk)})
            steps.say(held, step.sentence)
    except TooMany:
        with steps.locked(row) as held:
            steps.say(held, "Waits for a free place in the queue of runs.")
        return False
    except Refused as error:
        return _end(row, State.HELD, f"{row.base.number} cannot be judged on the new data: {error}")
    return True


def _judged(row: Retraining, step: RetrainingStep, found: Assessment) -> dict[str, Any]:
    """The comparison among judged items, {} where there is none; worked out once and kept with the step."""
    if (known := step.evidence.get("judged")) is not None:
        return dict(known)
    gate = found.gate
    asked = gate is not None and gate.state in ("passed", "failed") and gate.headline.startswith("catalogue.")
    made = judged_gate.judge(row, gate.minimum) if gate is not None and asked else None
    document = made.document() if made is not None else {}
    with steps.locked(row):
        steps.note(step, step.sentence, {"judged": document})
    return document


def _sentence(found: Assessment, judged: dict[str, Any]) -> str:
    """What it passed by, the stronger evidence first."""
    said = [judged["sentence"]] if judged else []
    if found.gate is not None and not (judged and found.gate.state == "failed"):
        said.append(found.gate.sentence)
    return " ".join(said)


def _refuse(
    row: Retraining,
    step: RetrainingStep,
    found: Assessment,
    evaluation: Experiment | None,
    judged: dict[str, Any],
) -> bool:
    said = [judged["sentence"]] if judged else []
    said += [one.message for one in standing(found, judged) if one.message not in said]
    if evaluation is not None and evaluation.failure_reason:
        said.append(f"Judging {row.base.number} on the new data failed: {evaluation.failure_reason}")
    gate = found.gate
    with steps.locked(row) as held:
        sentence = f"Production keeps {row.base.number}. {' '.join(said)}"
        evidence = {"gate": gate.document() if gate else {}, "blockers": [one.document() for one in found.blockers]}
        steps.finish(step, StepState.REFUSED, sentence, evidence)
        steps.end(held, State.HELD, sentence)
    return True


def _pass(
    row: Retraining, step: RetrainingStep, version: ModelVersion, sentence: str, found: Assessment, now: dt.datetime
) -> bool:
    """To staging and to the first users, in one transaction with the rows that say so."""
    plan = Plan.from_json(row.plan)
    first = canary.begin(plan.canary, now)
    try:
        with steps.locked(row) as held:
            if version.stage == Stage.DEVELOPMENT:
                promotion.promote(
                    version, actor=row.started_by, to_stage=Stage.STAGING, reason=sentence, through=THROUGH
                )
                version = ModelVersion.objects.select_related("model").get(pk=version.pk)
            traffic.deploy(
                version,
                role=traffic.CHALLENGER,
                share=first.share,
                actor=row.started_by,
                reason=f"Canary of a retraining: {first.sentence}",
            )
            steps.finish(step, StepState.DONE, sentence, {"gate": found.gate.document() if found.gate else {}})
            held.state = State.CANARY
            held.save(update_fields=["state"])
            evidence = {"share": first.share, "canary": first.state.to_json()}
            steps.begin(held, Kind.CANARY, first.sentence, evidence, at=now)
    except (Refused, PromotionRefused) as error:
        return _end(row, State.HELD, f"It passed the gate but cannot answer users: {error}")
    return True


def _end(row: Retraining, state: str, why: str) -> bool:
    with steps.locked(row) as held:
        steps.end(held, state, why)
    return True

"""What a reading says: sums of the arms into the verdict that pages, the API and commands show."""

from __future__ import annotations

import datetime as dt
from typing import Any

from retraining.models import Trial
from retraining.records import to_json
from retraining.services.trial_metrics import CREDIT, MetricSpec, spec_of
from retraining.services.trial_rows import ArmFound, Found
from retraining.services.trial_scene import Scene, expected
from retraining.services.trial_terms import TrialTerms
from retraining.trial import guards, interleaving
from retraining.trial.difference import Difference
from retraining.trial.guards import Guard
from retraining.trial.interleaving import Preference
from retraining.trial.srm import sample_ratio
from retraining.trial.sums import Sums
from retraining.trial.winner import Arm, TrialPlan, judge

JSON = dict[str, Any]
_METRIC = ("outcome", "sentence", "winner", "variants", "preference", "final_at")
"""What a fixed-horizon test says once, at its end."""


def plan_of(trial: Trial) -> TrialPlan:
    """As the tests have it."""
    spec, terms = spec_of(trial.metric), TrialTerms.of(trial)
    return TrialPlan(
        metric=spec.title,
        planned_users=terms.planned_users,
        kind=spec.kind,
        better=spec.better,
        method=trial.method,  # type: ignore[arg-type]
        alpha=terms.alpha,
        guards=_guards(spec, terms),
    )


def arms_of(scene: Scene, found: Found, stopped: dict[str, str]) -> list[JSON]:
    """The reading's ``arms``. ``stopped``: by number, why a variant was taken out."""
    made = []
    for arm in scene.arms:
        number = arm.version.number
        one = found.arms[number]
        metric = _metric(scene, found, number)
        made.append(
            {
                "version": number,
                "version_id": str(arm.version_id),
                "control": arm.is_control,
                "share": arm.share,
                "users": one.users,
                "predictions": one.predictions,
                "judged": one.judged,
                "metric": to_json(metric),
                "value": metric.value if metric.y else None,
                "guards": {name: to_json(sums) for name, sums in _guarded(scene, one, metric).items()},
                "stopped": stopped.get(number, ""),
            }
        )
    return made


def verdict_of(trial: Trial, scene: Scene, found: Found, now: dt.datetime, before: JSON | None) -> JSON:
    """The reading's ``verdict``. ``before``: that of the reading before, for what is said but once."""
    plan = plan_of(trial)
    over = trial.planned_end is None or now >= trial.planned_end
    said = _interleaved(plan, scene, found) if trial.metric == CREDIT else _split(plan, scene, found)
    said["planned_users"] = plan.planned_users
    said["left_out"] = _left_out(found)
    if said["outcome"] == "srm_broken":
        return said
    if plan.method == "fixed":
        _once(said, plan, over, now, trial, before)
    elif said["outcome"] == "not_enough" and over:
        said["sentence"] += " Its planned end has passed."
    return said


def _split(plan: TrialPlan, scene: Scene, found: Found) -> JSON:
    shares = expected(scene, found.arms)
    control, *variants = (_arm(scene, found, one.version.number, shares) for one in scene.arms)
    told = judge(plan, control, variants)
    said: JSON = told.to_json()
    for one, compared in zip(said["variants"], told.variants, strict=True):
        one["difference"]["lift"] = compared.difference.lift
    return said


def _interleaved(plan: TrialPlan, scene: Scene, found: Found) -> JSON:
    """Users of the interleaved lists choose; guard-rails and the split stand beside the users of the champion alone."""
    control, variant = (one.version.number for one in scene.arms)
    shares = expected(scene, found.arms)
    split = sample_ratio({number: found.arms[number].users for number in shares}, shares)
    told = interleaving.judge(found.arms[variant].preferences, plan.alpha, plan.planned_users)
    p_value = told.always_valid_p if plan.method == "sequential" else told.p_value
    outcome, winner, sentence = _preferred(plan, told, p_value, control, variant)
    if split.alarm:
        outcome, winner, sentence = "srm_broken", None, split.sentence
    rails = [
        guards.judge(guard, one, two, plan.alpha / len(plan.guards), plan.planned_users)
        for guard in plan.guards
        for one, two in [(_sums(guard, found.arms[control]), _sums(guard, found.arms[variant]))]
    ]
    broke = any(one.state == "breach" for one in rails) and not split.alarm
    if broke and winner == variant:
        outcome, winner, sentence = (
            "no_difference",
            None,
            f"{variant} is preferred and broke a guard-rail: nobody wins.",
        )
    worse = plan.method == "sequential" and outcome == "winner" and winner == control
    difference = Difference(0.0, told.value, told.value, told.low, told.high, p_value, 1 - plan.alpha)
    return {
        "outcome": outcome,
        "sentence": sentence,
        "winner": winner,
        "users": told.users,
        "split": to_json(split),
        "variants": [
            {"name": variant, "difference": to_json(difference) | {"lift": None}, "guards": to_json(rails)},
        ],
        "harmful": [variant] if broke or worse else [],
        "preference": to_json(told),
    }


def _preferred(
    plan: TrialPlan, told: Preference, p_value: float | None, control: str, variant: str
) -> tuple[str, str | None, str]:
    so_far = f"{told.users:,} of {plan.planned_users:,} planned users chose"
    readable = plan.method == "sequential" or told.users >= plan.planned_users
    if not readable:
        return "not_enough", None, f"{so_far}: a fixed-horizon test is read once, at its end."
    if p_value is not None and p_value < plan.alpha and told.value:
        better = variant if told.value > 0 else control
        return (
            "winner",
            better,
            f"Users prefer {better}: {told.value:+.3f} on a scale of -1 to 1, {told.users:,} users chose.",
        )
    if told.users < plan.planned_users or p_value is None:
        return "not_enough", None, f"{so_far}: no preference is certain yet."
    return "no_difference", None, f"No preference after {told.users:,} users chose."


def _once(said: JSON, plan: TrialPlan, over: bool, now: dt.datetime, trial: Trial, before: JSON | None) -> None:
    """A fixed-horizon test speaks once, at its planned end with its planned users; what it said then stays."""
    if before is not None and before.get("final_at"):
        said |= {name: before[name] for name in _METRIC if name in before}
        if said["winner"] in said["harmful"]:
            words = f"{said['winner']} won at the end of the test and has broken a guard-rail since: nobody wins."
            said |= {"outcome": "no_difference", "winner": None, "sentence": words}
        return
    if over and said["users"] >= plan.planned_users:
        said["final_at"] = now.isoformat()
        return
    end = f" on {trial.planned_end:%Y-%m-%d %H:%M} UTC" if trial.planned_end is not None and not over else ""
    so_far = f"{said['users']:,} of {plan.planned_users:,} planned users"
    passed = " Its planned end has passed." if over else ""
    said |= {"outcome": "not_enough", "winner": None}
    said["sentence"] = f"{so_far}: a fixed-horizon test is read once, at its end{end}.{passed}"
    for one in said["variants"]:
        one["difference"] |= dict.fromkeys(("value", "low", "high", "p_value", "lift"))


def _left_out(found: Found) -> JSON:
    days = [day.isoformat() for day in found.missing]
    told = [
        words
        for number, words in (
            (found.nameless, f"{found.nameless:,} requests that name no user"),
            (found.crossed, f"{found.crossed:,} users who were answered by two versions"),
            (len(days), f"{len(days)} days that have left the database (from {days[0]})" if days else ""),
        )
        if number
    ]
    later = (
        f"What {found.returned:,} users did after their variant was stopped is left out too." if found.returned else ""
    )
    sentence = f"Left out: {', '.join(told)}." if told else ""
    return {
        "nameless": found.nameless,
        "crossed": found.crossed,
        "returned": found.returned,
        "days": days,
        "sentence": f"{sentence} {later}".strip(),
    }


def _guards(spec: MetricSpec, terms: TrialTerms) -> tuple[Guard, ...]:
    limits = terms.guards
    worse = "below" if spec.better == "above" else "above"
    rails = (
        Guard("errors", "Share of requests that failed", "share", "above", limits.error_rise),
        Guard("slow", f"Share of answers over {limits.slow_ms:g} ms", "share", "above", limits.slow_rise),
    )
    if spec.name == CREDIT:  # both versions stand in the same list, so there is no quality of either to guard
        return rails
    return (Guard("quality", spec.title, spec.kind, worse, limits.quality_drop, relative=True), *rails)  # type: ignore[arg-type]


def _arm(scene: Scene, found: Found, number: str, shares: dict[str, float]) -> Arm:
    one = found.arms[number]
    return Arm(number, shares[number], one.users, one.metric, _guarded(scene, one, one.metric))


def _guarded(scene: Scene, one: ArmFound, metric: Sums) -> dict[str, Sums]:
    rails = {"errors": one.errors, "slow": one.slow}
    return rails if scene.asked.metric == CREDIT else {"quality": metric} | rails


def _sums(guard: Guard, one: ArmFound) -> Sums:
    return one.errors if guard.name == "errors" else one.slow


def _metric(scene: Scene, found: Found, number: str) -> Sums:
    """Of interleaved lists, what each side's items got a list; both stand in the rows of the version."""
    if scene.asked.metric != CREDIT:
        return found.arms[number].metric
    shared = found.arms[scene.arms[1].version.number].credits
    return shared[0] if number == scene.control.version.number else shared[1]

"""The verdict of a trial: winner, no difference, not enough, or a split that is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from retraining.records import JSON, between, from_json, to_json
from retraining.trial import fixed, guards, sequential
from retraining.trial.difference import Difference
from retraining.trial.guards import Guard, GuardVerdict
from retraining.trial.srm import SampleRatio, sample_ratio
from retraining.trial.sums import Kind, Sums

Outcome = Literal["winner", "no_difference", "not_enough", "srm_broken"]


@dataclass(frozen=True)
class TrialPlan:
    """Fixed before the first user. ``planned_users`` of all arms together: the end of a fixed-horizon test, and of a
    sequential one the point from which "no difference" is said."""

    metric: str
    planned_users: int
    kind: Kind = "mean"
    better: Literal["above", "below"] = "above"
    method: Literal["fixed", "sequential"] = "sequential"
    alpha: float = 0.05
    guards: tuple[Guard, ...] = guards.DEFAULTS

    def __post_init__(self) -> None:
        between("planned_users", self.planned_users, 2)
        between("alpha", self.alpha, 0.0001, 0.5)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> TrialPlan:
        return from_json(cls, data)


@dataclass(frozen=True)
class Arm:
    """``users`` who were given the arm, whether or not anything is known of them; ``share`` as planned."""

    name: str
    share: float
    users: int
    metric: Sums
    guards: Mapping[str, Sums] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """A variant: its difference on the metric and its guard-rails."""

    name: str
    difference: Difference
    guards: tuple[GuardVerdict, ...]

    @property
    def broke(self) -> bool:
        return any(one.state == "breach" for one in self.guards)


@dataclass(frozen=True)
class TrialVerdict:
    """``winner`` may be the control. ``harmful``: variants that have to stop at once, whatever the outcome."""

    outcome: Outcome
    sentence: str
    winner: str | None
    users: int
    split: SampleRatio
    variants: tuple[Compared, ...]
    harmful: tuple[str, ...]

    def to_json(self) -> JSON:
        return to_json(self)


def judge(plan: TrialPlan, control: Arm, variants: Sequence[Arm]) -> TrialVerdict:
    """A fixed-horizon trial says nothing of its metric before its end; guard-rails and the split speak at any time."""
    if not variants:
        raise ValueError("variants: at least one is accepted, got none.")
    arms = (control, *variants)
    split = sample_ratio({one.name: one.users for one in arms}, {one.name: one.share for one in arms})
    users = split.users
    metrics = {one.name: one.metric for one in variants}
    if plan.method == "fixed":
        differences = fixed.compare(control.metric, metrics, plan.kind, plan.alpha)
    else:
        differences = sequential.compare(control.metric, metrics, plan.kind, plan.alpha, plan.planned_users)
    compared = tuple(Compared(one.name, differences[one.name], _guarded(plan, control, one)) for one in variants)
    readable = plan.method == "sequential" or users >= plan.planned_users
    harmful = tuple(
        one.name
        for one in compared
        if not split.alarm and (one.broke or (plan.method == "sequential" and _told(plan, one) == "worse"))
    )
    outcome, winner, sentence = _outcome(plan, control.name, compared, split, readable)
    return TrialVerdict(outcome, sentence, winner, users, split, compared, harmful)


def _guarded(plan: TrialPlan, control: Arm, variant: Arm) -> tuple[GuardVerdict, ...]:
    alpha = plan.alpha / max(1, len(plan.guards))
    return tuple(
        guards.judge(guard, control.guards[guard.name], variant.guards[guard.name], alpha, plan.planned_users)
        for guard in plan.guards
        if guard.name in control.guards and guard.name in variant.guards
    )


def _told(plan: TrialPlan, one: Compared) -> Literal["better", "worse", "same"]:
    if one.difference.value is None or not one.difference.significant(plan.alpha):
        return "same"
    return "better" if (one.difference.value > 0) == (plan.better == "above") else "worse"


def _outcome(
    plan: TrialPlan, control: str, compared: tuple[Compared, ...], split: SampleRatio, readable: bool
) -> tuple[Outcome, str | None, str]:
    if split.alarm:
        return "srm_broken", None, split.sentence
    so_far = f"{split.users:,} of {plan.planned_users:,} planned users"
    if not readable:
        return "not_enough", None, f"{so_far}: a fixed-horizon test is read once, at its end."
    better = [one for one in compared if _told(plan, one) == "better"]
    clean = [one for one in better if not one.broke]
    if clean:
        best = max(clean, key=lambda one: abs(one.difference.value or 0.0))
        return "winner", best.name, _winning(plan, best, control)
    if all(_told(plan, one) == "worse" for one in compared):
        return "winner", control, f"{control} stays: every variant is worse on {plan.metric}."
    broke = ", ".join(one.name for one in better)
    if broke:
        return "no_difference", None, f"{broke} is better on {plan.metric} and broke a guard-rail: nobody wins."
    if split.users < plan.planned_users or any(one.difference.value is None for one in compared):
        return "not_enough", None, f"{so_far}: no difference is certain yet."
    widest = max(max(abs(one.difference.low or 0.0), abs(one.difference.high or 0.0)) for one in compared)
    sentence = f"No difference on {plan.metric} after {split.users:,} users; one above {widest:.3g} is ruled out."
    return "no_difference", None, sentence


def _winning(plan: TrialPlan, best: Compared, control: str) -> str:
    found = best.difference
    lift = f" ({100 * found.lift:+.1f} %)" if found.lift is not None else ""
    return (
        f"{best.name} wins: {plan.metric} {found.variant:.4g} against {found.control:.4g} of {control}{lift}, "
        f"difference between {found.low:.3g} and {found.high:.3g}."
    )

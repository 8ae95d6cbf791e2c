"""A reading of a trial as its page shows it: rows of arms and guard-rails, and the words of the verdict.

From JSON as ``retraining.services.trial_readings`` stores it; no query. Of a fixed-horizon trial before its end what
would be a look at the metric is left out here, so that no page can show it by mistake.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from mlopspro.core.formats import MINUS, UNDEFINED, share
from retraining.models import Trial
from retraining.records import from_json
from retraining.selectors.trials import ArmView, TrialView
from retraining.trial.sequential import LEAST_USERS, multiplier, precision
from retraining.trial.sums import Sums

GUARD_STATES = {
    "ok": ("Holds", "good", "shield-check"),
    "unclear": ("Not settled", "neutral", "shield-question-mark"),
    "breach": ("Broken", "bad", "shield-alert"),
    "not_enough": ("Not enough data", "neutral", "circle-dashed"),
}
QUALITY = "quality"
"""The guard-rail on the trial's own metric: its figures would be a look at it."""
COVERED_GUARD = "The figures of the trial's own metric stay covered until its end."


@dataclass(frozen=True)
class Estimate:
    """``low`` and ``high`` are None where too few users leave nothing to say of the spread."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Gap:
    """Variant − control. ``better``: for certain; None while it may be chance, and where the split is broken."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    lift: float | None
    better: bool | None

    @property
    def lift_words(self) -> str:
        """As "+4.8 %" of the control's value."""
        if self.lift is None:
            return UNDEFINED
        return f"{'+' if self.lift > 0 else MINUS if self.lift < 0 else ''}{share(abs(self.lift))}"


@dataclass(frozen=True)
class GuardRow:
    name: str
    label: str
    tone: str
    icon: str
    sentence: str


@dataclass(frozen=True)
class ArmRow:
    """One version. ``share`` is the planned one; ``found_share`` that of the users who came."""

    number: str
    version_id: str
    control: bool
    share: float
    found_share: float | None
    users: int
    predictions: int
    judged: int
    value: Estimate | None
    gap: Gap | None
    guards: tuple[GuardRow, ...]
    stopped: str
    wins: bool


def covered(trial: Trial, verdict: Mapping[str, Any]) -> bool:
    """Whether its metric may not be looked at: a fixed-horizon trial that has not been read at its planned end."""
    return trial.method == Trial.Method.FIXED and not verdict.get("final_at")


def rows(view: TrialView) -> list[ArmRow]:
    """The control first."""
    everybody = sum(int(one.read.get("users") or 0) for one in view.arms)
    hidden = covered(view.trial, view.verdict)
    return [_row(view, one, everybody, hidden) for one in view.arms]


def _row(view: TrialView, arm: ArmView, everybody: int, hidden: bool) -> ArmRow:
    users = int(arm.read.get("users") or 0)
    return ArmRow(
        number=arm.number,
        version_id=str(arm.version_id),
        control=arm.control,
        share=arm.share,
        found_share=users / everybody if everybody else None,
        users=users,
        predictions=int(arm.read.get("predictions") or 0),
        judged=int(arm.read.get("judged") or 0),
        value=None if hidden else estimate(view, arm),
        gap=None if hidden else _gap(view, arm.compared.get("difference")),
        guards=guards(arm.compared.get("guards", ()), hidden=hidden),
        stopped=arm.stopped,
        wins=view.verdict["outcome"] == "winner" and view.verdict["winner"] == arm.number,
    )


def estimate(view: TrialView, arm: ArmView) -> Estimate | None:
    """The arm's own value with an interval of the trial's level: valid at all times where the trial's test is."""
    value = arm.read.get("value")
    if value is None or not math.isfinite(value):
        return None
    try:
        sums = from_json(Sums, arm.read.get("metric") or {})
    except ValueError:
        return Estimate(float(value))
    error = math.sqrt(sums.variance(view.metric.kind))
    if not math.isfinite(error) or sums.n < LEAST_USERS:
        return Estimate(float(value))
    alpha, planned = view.terms.alpha, view.terms.planned_users * arm.share
    width = (
        NormalDist().inv_cdf(1 - alpha / 2)
        if view.trial.method == Trial.Method.FIXED
        else multiplier(sums.n, precision(max(float(LEAST_USERS), planned), alpha), alpha)
    )
    return Estimate(float(value), float(value) - width * error, float(value) + width * error)


def _gap(view: TrialView, found: Mapping[str, Any] | None) -> Gap | None:
    if not found or found.get("value") is None:
        return None
    value, control, p_value = float(found["value"]), found.get("control"), found.get("p_value")
    certain = p_value is not None and p_value < view.terms.alpha and not view.verdict["split"].get("alarm")
    return Gap(
        value=value,
        low=found.get("low"),
        high=found.get("high"),
        p_value=p_value,
        lift=value / control if control else None,
        better=((value > 0) == (view.metric.better == "above")) if certain else None,
    )


def guards(found: Sequence[Mapping[str, Any]], *, hidden: bool = False) -> tuple[GuardRow, ...]:
    """One row a guard-rail; that on the trial's own metric keeps its figures to itself while they are ``hidden``."""
    shown = []
    for one in found:
        label, tone, icon = GUARD_STATES.get(one["state"], GUARD_STATES["unclear"])
        silent = hidden and one["name"] == QUALITY and one["state"] in ("ok", "unclear")
        words = COVERED_GUARD if silent else str(one.get("sentence", ""))
        shown.append(GuardRow(str(one["name"]), label, tone, icon, words))
    return tuple(shown)

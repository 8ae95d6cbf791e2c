"""Guard-rails: what must not become worse while something else is tried. They may be looked at all the time.

Non-inferiority with a margin: harm is how much worse the variant is than the control. *ok* when the always-valid
interval of the harm lies below the margin; *breach* when harm is certain (the interval lies above 0) and its estimate
reaches the margin; in between it is *unclear*. Without any harm a breach is seen with probability α / 2 at most over
the whole trial, however often it is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from retraining.records import between
from retraining.trial.sequential import ALPHA, PLANNED_USERS, information, multiplier, precision
from retraining.trial.sums import Kind, Sums

State = Literal["ok", "unclear", "breach", "not_enough"]


@dataclass(frozen=True)
class Guard:
    """``margin`` in the unit of the metric, or with ``relative`` as a share of the control's value.

    ``least_users`` in each arm before anything is said; ``unit`` is what they are called where they are none.
    """

    name: str
    title: str
    kind: Kind = "mean"
    worse: Literal["above", "below"] = "above"
    margin: float = 0.0
    relative: bool = False
    least_users: int = 100
    unit: str = "users"

    def __post_init__(self) -> None:
        between(f"{self.name}.margin", self.margin, 0.0)
        between(f"{self.name}.least_users", self.least_users, 2)


DEFAULTS = (
    Guard("quality", "Quality of the lists", "mean", "below", 0.05, relative=True),
    Guard("errors", "Share of requests that failed", "share", "above", 0.01),
    Guard("slow", "Share of requests over the latency limit", "share", "above", 0.02),
)
"""A quantile of latency is no sum; how many requests are slower than the limit is."""


@dataclass(frozen=True)
class GuardVerdict:
    """``harm``, ``low``, ``high`` and ``margin`` in the unit of the metric; above 0 is worse."""

    name: str
    state: State
    sentence: str
    users: int = 0
    control: float | None = None
    variant: float | None = None
    harm: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None


def judge(
    guard: Guard, control: Sums, variant: Sums, alpha: float = ALPHA, planned_users: int = PLANNED_USERS
) -> GuardVerdict:
    """One guard of one variant at any time."""
    users = min(control.n, variant.n)
    both = control.variance(guard.kind) + variant.variance(guard.kind)
    if users < guard.least_users or not math.isfinite(both):
        words = f"{guard.title}: {users:,} {guard.unit} in the smaller arm, {guard.least_users:,} are needed."
        return GuardVerdict(guard.name, "not_enough", words, users)
    sign = 1.0 if guard.worse == "above" else -1.0
    t = information(control.n, variant.n)
    width = multiplier(t, precision(planned_users / 4, alpha), alpha)
    harm, half = sign * (variant.value - control.value), width * math.sqrt(both)
    margin = guard.margin * (abs(control.value) if guard.relative else 1.0)
    state: State = "unclear"
    if harm - half > 0 and harm >= margin:
        state = "breach"
    elif _beyond(guard, control, variant, sign, width) < 0:
        state = "ok"
    return GuardVerdict(
        guard.name,
        state,
        _sentence(guard, state, control.value, variant.value, margin),
        users,
        control.value,
        variant.value,
        harm,
        harm - half,
        harm + half,
        margin,
    )


def _beyond(guard: Guard, control: Sums, variant: Sums, sign: float, width: float) -> float:
    """Upper end of harm less margin. A relative margin errs with the control's value: it is tested as one contrast."""
    factor = 1 + sign * guard.margin if guard.relative and control.value >= 0 else 1.0
    absolute = 0.0 if guard.relative else guard.margin
    error = math.sqrt(variant.variance(guard.kind) + factor**2 * control.variance(guard.kind))
    return sign * (variant.value - factor * control.value) - absolute + width * error


def _sentence(guard: Guard, state: State, control: float, variant: float, margin: float) -> str:
    words = {
        "ok": f"not worse by {margin:.3g} or more",
        "breach": f"worse by {margin:.3g} or more",
        "unclear": f"whether it is worse by {margin:.3g} or more is not settled yet",
        "not_enough": "",
    }[state]
    return f"{guard.title} is {variant:.4g} against {control:.4g} of the control: {words}."

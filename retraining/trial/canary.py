"""A new version earns its traffic in steps: a pure state machine of shares, guard-rails, time and people.

Each turn gives the same step for the same state and evidence, so a driver that was killed goes on from what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from retraining.records import JSON, between, from_json, to_json, utc
from retraining.trial.guards import GuardVerdict

Status = Literal["running", "held", "finished", "rolled_back"]
Action = Literal["wait", "raise", "hold", "finish", "roll_back", "none"]


@dataclass(frozen=True)
class Plan:
    """``shares`` rise and end at 1, where the version is promoted and watched for one more step.

    A step lasts ``least_minutes`` and until the version has ``least_sample`` predictions; when that, or the
    guard-rails, are not settled after ``patience_minutes`` it is held for a person. ``strict``: guard-rails have to
    be shown to hold ("ok"); otherwise it is enough that none is broken.
    """

    shares: tuple[float, ...] = (0.05, 0.25, 1.0)
    least_minutes: float = 60.0
    least_sample: int = 500
    patience_minutes: float = 24 * 60.0
    strict: bool = False

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.shares, self.shares[1:], strict=False))
        if not self.shares or not rising or self.shares[0] <= 0 or self.shares[-1] != 1.0:
            raise ValueError(f"shares: rising ones above 0 that end at 1 are accepted, got {list(self.shares)!r}.")
        between("least_minutes", self.least_minutes, 0)
        between("least_sample", self.least_sample, 0)
        between("patience_minutes", self.patience_minutes, self.least_minutes)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Plan:
        return from_json(cls, data)


@dataclass(frozen=True)
class State:
    """At which of the plan's shares, since when, and whether it goes on by itself."""

    step: int
    since: datetime
    status: Status = "running"

    def __post_init__(self) -> None:
        object.__setattr__(self, "since", utc(self.since, "since"))
        between("step", self.step, 0)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> State:
        return from_json(cls, data)


@dataclass(frozen=True)
class Evidence:
    """Of this step alone: predictions of the new version and its guard-rails against the old one.

    ``split_broken``: users are not split as planned (SRM), so no comparison counts; ``split`` says how they are split.
    """

    sample: int
    guards: Sequence[GuardVerdict] = ()
    split_broken: bool = False
    split: str = ""


@dataclass(frozen=True)
class Step:
    """What to do now. ``share`` is that of the new version after it."""

    action: Action
    state: State
    share: float
    sentence: str


def begin(plan: Plan, now: datetime) -> Step:
    state = State(0, now)
    return Step("raise", state, plan.shares[0], f"The new version answers {_per_cent(plan.shares[0])} of users.")


def advance(plan: Plan, state: State, evidence: Evidence, now: datetime) -> Step:
    """The next step. A broken guard-rail rolls back at any time, also when held; what has ended stays as it is."""
    share = share_of(plan, state)
    if state.status in ("finished", "rolled_back"):
        return Step("none", state, share, "The canary has ended.")
    broken = [one for one in evidence.guards if one.state == "breach"]
    if broken and not evidence.split_broken:
        ended = State(state.step, utc(now, "now"), "rolled_back")
        return Step("roll_back", ended, 0.0, f"Rolled back: {' '.join(one.sentence for one in broken)}")
    if state.status == "held":
        return Step("none", state, share, "Held: a person decides.")
    if evidence.split_broken:
        return _hold(state, share, now, evidence.split or "Users are not split as planned, so nothing can be compared.")
    missing = _missing(plan, state, evidence, now)
    if not missing:
        return _next(plan, state, now)
    if utc(now, "now") - state.since > timedelta(minutes=plan.patience_minutes):
        return _hold(state, share, now, f"after {plan.patience_minutes:g} minutes still {missing}.")
    return Step("wait", state, share, f"At {_per_cent(share)} of users: {missing}.")


def hold(plan: Plan, state: State, now: datetime) -> Step:
    """A person stops it where it is."""
    if state.status != "running":
        return Step("none", state, share_of(plan, state), f"The canary is {state.status.replace('_', ' ')} already.")
    return _hold(state, share_of(plan, state), now, "a person has stopped it here.")


def resume(plan: Plan, state: State, now: datetime) -> Step:
    """A person lets it go on: the step begins anew."""
    share = share_of(plan, state)
    if state.status != "held":
        return Step("none", state, share, "Only a canary that is held goes on.")
    words = f"It goes on at {_per_cent(share)} of users."
    return Step("wait", replace(state, status="running", since=utc(now, "now")), share, words)


def roll_back(plan: Plan, state: State, now: datetime) -> Step:
    """A person ends it."""
    if state.status in ("finished", "rolled_back"):
        return Step("none", state, share_of(plan, state), "The canary has ended.")
    return Step("roll_back", State(state.step, now, "rolled_back"), 0.0, "Rolled back by a person.")


def share_of(plan: Plan, state: State) -> float:
    """Of the users, that the new version has in this state."""
    between("step", state.step, 0, len(plan.shares) - 1)
    return 0.0 if state.status == "rolled_back" else plan.shares[state.step]


def _next(plan: Plan, state: State, now: datetime) -> Step:
    if state.step == len(plan.shares) - 1:
        ended = State(state.step, utc(now, "now"), "finished")
        return Step("finish", ended, 1.0, "The new version answers everybody and its guard-rails hold.")
    share = plan.shares[state.step + 1]
    words = f"Guard-rails hold: the new version answers {_per_cent(share)} of users."
    return Step("raise", State(state.step + 1, utc(now, "now")), share, words)


def _hold(state: State, share: float, now: datetime, why: str) -> Step:
    return Step(
        "hold", State(state.step, utc(now, "now"), "held"), share, f"Held at {_per_cent(share)} of users: {why}"
    )


def _missing(plan: Plan, state: State, evidence: Evidence, now: datetime) -> str:
    """What the step still waits for, "" if nothing."""
    ends = state.since + timedelta(minutes=plan.least_minutes)
    if utc(now, "now") < ends:
        return f"the step lasts until {ends:%H:%M} UTC"
    if evidence.sample < plan.least_sample:
        return f"{evidence.sample:,} of {plan.least_sample:,} predictions"
    unsure = {"not_enough"} | ({"unclear"} if plan.strict else set())
    open_guards = [one.sentence for one in evidence.guards if one.state in unsure]
    return " ".join(open_guards).rstrip(".")


def _per_cent(share: float) -> str:
    return f"{100 * share:g} %"

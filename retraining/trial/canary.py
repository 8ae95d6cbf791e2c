"""A canary's next move: a new version answers a growing share of the users and is compared with the champion.

Pure: the driver says what it knows and does what this says. Three guard-rails are looked at again and again, every few
seconds, so their intervals hold at every look together (always valid, Robbins 1970; Johari et al., KDD 2017): with
difference d, its variance V, and a mixing scale t², an interval of level 1 − a for all looks is

    d ± sqrt( V (V + t²) / t² · (2 ln(1/a) + ln((V + t²) / V)) )

so that a version that is as good as the champion is rolled back by chance in at most ``a`` of all canaries and rail.
A rail is *breached* where the canary is worse by more than is allowed and the interval excludes zero. It is *fine*
where there is enough data and it is not worse by more than is allowed; between the two the canary waits. Without data
nothing is fine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from retraining.records import between

Action = Literal["wait", "widen", "finish", "roll_back", "hold"]
Standing = Literal["fine", "breached", "worse", "not_enough"]
LEVEL = 0.05
"""Chance of a false rollback, shared by the rails."""
RAILS = 3


@dataclass(frozen=True)
class CanaryPlan:
    """Steps and guard-rails.

    Attributes:
        steps: shares of the users, rising; none: no canary, the version is promoted after the gate.
        minimum_minutes, minimum_samples: a step lasts at least so long, and until so many answers of the canary have
            feedback (and as many of the champion, where it answers anybody).
        maximum_hours: a step that cannot be judged by then ends the canary without promotion.
        metric: live quality that is compared; empty: what suits the family.
        quality_drop: by which share of the champion's figure the canary may be worse.
        error_rise: by how much the share of failed answers may be higher (0.02 is two of a hundred).
        latency_factor: how many times slower the 95th percentile may be; below ``latency_ms`` it is never too slow.
    """

    steps: tuple[float, ...] = (0.05, 0.25, 1.0)
    minimum_minutes: float = 30.0
    minimum_samples: int = 200
    maximum_hours: float = 72.0
    metric: str = ""
    quality_drop: float = 0.10
    error_rise: float = 0.02
    latency_factor: float = 2.0
    latency_ms: float = 100.0

    def __post_init__(self) -> None:
        for place, share in enumerate(self.steps):
            between(f"canary.steps[{place}]", share, 0.001, 1.0)
            if place and share <= self.steps[place - 1]:
                raise ValueError(f"canary.steps[{place}]: a share above the one before is accepted, got {share!r}.")
        between("canary.minimum_minutes", self.minimum_minutes, 0.0, 60 * 24 * 30)
        between("canary.minimum_samples", self.minimum_samples, 0, 1_000_000_000)
        between("canary.maximum_hours", self.maximum_hours, self.minimum_minutes / 60, 24 * 90, above=True)
        between("canary.quality_drop", self.quality_drop, 0.0, 1.0)
        between("canary.error_rise", self.error_rise, 0.0, 1.0)
        between("canary.latency_factor", self.latency_factor, 1.0, 1000.0)
        between("canary.latency_ms", self.latency_ms, 0.0, 600_000.0)


@dataclass(frozen=True)
class Arm:
    """What one version did in the period that is judged.

    ``judged`` answers have feedback; ``quality`` and ``quality2`` are the sum of their scores and of the squares.
    """

    requests: int = 0
    errors: int = 0
    judged: int = 0
    quality: float = 0.0
    quality2: float = 0.0
    p95_ms: float | None = None

    @property
    def mean(self) -> float | None:
        return self.quality / self.judged if self.judged else None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None


@dataclass(frozen=True)
class Evidence:
    """Both versions over one period. ``higher_is_better``: of the scores in ``quality``; errors of numbers are not."""

    canary: Arm
    champion: Arm
    metric: str = ""
    higher_is_better: bool = True


@dataclass(frozen=True)
class State:
    """The step the canary is in, counted from 0, and since when."""

    step: int
    since: datetime


@dataclass(frozen=True)
class Rail:
    """One guard-rail with its figures; ``worse`` is how much worse the canary is, in the rail's own unit (above zero is
    worse), ``low`` and ``high`` its always valid interval, ``allowed`` what may be."""

    name: str
    standing: Standing
    sentence: str
    canary: float | None = None
    champion: float | None = None
    worse: float | None = None
    low: float | None = None
    high: float | None = None
    allowed: float | None = None
    canary_n: int = 0
    champion_n: int = 0


@dataclass(frozen=True)
class Move:
    """What to do now. ``share``: of the step that begins, with "widen"."""

    action: Action
    sentence: str
    rails: tuple[Rail, ...] = ()
    share: float | None = None


def advance(plan: CanaryPlan, state: State, evidence: Evidence, now: datetime) -> Move:
    """The next move. The same arguments give the same move."""
    rails = guard_rails(plan, evidence)
    broken = [rail for rail in rails if rail.standing == "breached"]
    if broken:
        return Move("roll_back", " ".join(rail.sentence for rail in broken), rails)
    lasted = now - state.since
    waiting = _waits_for(plan, evidence, rails, lasted)
    if waiting and lasted >= timedelta(hours=plan.maximum_hours):
        return Move("hold", f"After {plan.maximum_hours:g} hours it still could not be judged: {waiting}", rails)
    if waiting:
        return Move("wait", waiting, rails)
    passed = f"{_percent(plan.steps[state.step])} of the users for {_minutes(lasted)}: {_fine(evidence)}"
    if state.step + 1 < len(plan.steps):
        return Move("widen", passed, rails, plan.steps[state.step + 1])
    return Move("finish", passed, rails)


def guard_rails(plan: CanaryPlan, evidence: Evidence) -> tuple[Rail, ...]:
    """Quality, errors and latency, each with its standing."""
    return (_quality(plan, evidence), _errors(plan, evidence), _latency(plan, evidence))


def always_valid(difference: float, variance: float, scale: float, level: float = LEVEL / RAILS) -> tuple[float, float]:
    """The interval of the module's formula; ``scale`` is t, a difference that would matter."""
    if variance <= 0:
        return difference, difference
    mixed = scale * scale
    width = math.sqrt(
        variance * (variance + mixed) / mixed * (2 * math.log(1 / level) + math.log((variance + mixed) / variance))
    )
    return difference - width, difference + width


def _quality(plan: CanaryPlan, evidence: Evidence) -> Rail:
    mine, theirs = evidence.canary, evidence.champion
    if mine.mean is None or theirs.mean is None or min(mine.judged, theirs.judged) < 2:
        return Rail("quality", "not_enough", "Too few answers of both versions have feedback.",
                    mine.mean, theirs.mean, canary_n=mine.judged, champion_n=theirs.judged)  # fmt: skip
    worse = theirs.mean - mine.mean if evidence.higher_is_better else mine.mean - theirs.mean
    allowed = plan.quality_drop * abs(theirs.mean)
    variance = _variance(mine) / mine.judged + _variance(theirs) / theirs.judged
    name = evidence.metric or "live quality"
    words = (
        f"{name} {mine.mean:.3g} against {theirs.mean:.3g} of the champion "
        f"({mine.judged:,} and {theirs.judged:,} answers with feedback)"
    )
    return _rail("quality", words, worse, variance, allowed, mine.mean, theirs.mean, mine.judged, theirs.judged)


def _errors(plan: CanaryPlan, evidence: Evidence) -> Rail:
    mine, theirs = evidence.canary, evidence.champion
    if mine.error_rate is None or theirs.error_rate is None:
        return Rail("errors", "not_enough", "One of the versions has answered nothing yet.",
                    mine.error_rate, theirs.error_rate, canary_n=mine.requests, champion_n=theirs.requests)  # fmt: skip
    variance = _of_share(mine) + _of_share(theirs)
    words = (
        f"{mine.error_rate:.1%} of the canary's answers fail against {theirs.error_rate:.1%} of the champion's "
        f"({mine.requests:,} and {theirs.requests:,} requests)"
    )
    return _rail("errors", words, mine.error_rate - theirs.error_rate, variance, plan.error_rise,
                 mine.error_rate, theirs.error_rate, mine.requests, theirs.requests)  # fmt: skip


def _latency(plan: CanaryPlan, evidence: Evidence) -> Rail:
    """A percentile of counts in bins has no variance to speak of from 100 answers on; below that it is not judged."""
    mine, theirs = evidence.canary, evidence.champion
    sizes = {"canary_n": mine.requests, "champion_n": theirs.requests}
    if (
        mine.p95_ms is None
        or theirs.p95_ms is None
        or min(mine.requests, theirs.requests) < min(100, plan.minimum_samples)
    ):
        return Rail("latency", "not_enough", "Too few answers of both versions for a 95th percentile.",
                    mine.p95_ms, theirs.p95_ms, **sizes)  # fmt: skip
    allowed = max(plan.latency_factor * theirs.p95_ms, plan.latency_ms)
    words = f"95 % of the canary's answers come within {mine.p95_ms:.3g} ms, of the champion's within {theirs.p95_ms:.3g} ms"
    slow = mine.p95_ms > allowed
    said = f"Guard-rail of latency breached: {words}; up to {allowed:.3g} ms is allowed." if slow else f"{words}."
    return Rail("latency", "breached" if slow else "fine", said, mine.p95_ms, theirs.p95_ms,
                mine.p95_ms - theirs.p95_ms, allowed=allowed - theirs.p95_ms, **sizes)  # fmt: skip


def _rail(
    name: str, words: str, worse: float, variance: float, allowed: float, mine: float, theirs: float, n: int, m: int
) -> Rail:
    scale = max(allowed, 1e-6)
    low, high = always_valid(worse, variance, scale)
    standing: Standing = "fine"
    if worse > allowed:
        standing = "breached" if low > 0 else "worse"
    said = {
        "breached": f"Guard-rail of {name} breached: {words}.",
        "worse": f"{words[:1].upper()}{words[1:]}: worse by more than is allowed, but this may be chance.",
    }.get(standing, f"{words[:1].upper()}{words[1:]}.")
    return Rail(name, standing, said, mine, theirs, worse, low, high, allowed, n, m)


def _variance(arm: Arm) -> float:
    mean = arm.quality / arm.judged
    return max(0.0, (arm.quality2 - arm.judged * mean * mean) / (arm.judged - 1))


def _of_share(arm: Arm) -> float:
    """Variance of a share; one success and one failure more, so that none of few is not certainty (Agresti, Coull)."""
    n = arm.requests + 2
    share = (arm.errors + 1) / n
    return share * (1 - share) / n


def _waits_for(plan: CanaryPlan, evidence: Evidence, rails: tuple[Rail, ...], lasted: timedelta) -> str:
    """Why the step is not over; empty where it is."""
    if lasted < timedelta(minutes=plan.minimum_minutes):
        return f"A step lasts at least {plan.minimum_minutes:g} minutes; {_minutes(lasted)} have passed."
    judged = min(evidence.canary.judged, evidence.champion.judged)
    if judged < plan.minimum_samples:
        return (
            f"{evidence.canary.judged:,} answers of the canary and {evidence.champion.judged:,} of the champion have "
            f"feedback; {plan.minimum_samples:,} of each are needed."
        )
    return next((rail.sentence for rail in rails if rail.standing != "fine"), "") if plan.minimum_samples else ""


def _fine(evidence: Evidence) -> str:
    mine, theirs = evidence.canary.mean, evidence.champion.mean
    if mine is None or theirs is None:
        return "no guard-rail is breached."
    return f"{evidence.metric or 'live quality'} {mine:.3g} against {theirs:.3g}, no guard-rail is breached."


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _minutes(lasted: timedelta) -> str:
    minutes = lasted.total_seconds() / 60
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"

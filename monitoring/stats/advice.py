"""What should I do? One sentence from what is known of a model: the first rule that fits says it.

The order is that in which an on-call engineer rules things out: does anything answer, are the judgements current, do
callers still ask, is what they send sound; then quality, cost, drift; then what keeps these from being judged. Bad
input comes before retraining, as a model retrained on bad input is no better; a fresh deployment comes before
retraining, as going back takes seconds. Every rule leads to an action that exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "", "promote", "health", "traffic", "data", "roll_back", "quality", "retrain", "cost", "drift", "feedback"
]
"""Where the advice leads; "" leads nowhere, as nothing is to be done."""


@dataclass(frozen=True)
class Facts:
    """Verdicts are ok, watch, act, not_enough, or None where the area was not judged or does not apply."""

    is_live: bool = True
    answers: bool = True
    """Anything was predicted lately, here or elsewhere."""
    is_late: bool = False
    """The newest checks are older than they should be."""
    freshness: str | None = None
    quality: str | None = None
    cost: str | None = None
    drift: str | None = None
    data: str | None = None
    labels: int | None = None
    labels_needed: int | None = None
    segment: str = ""
    """The one segment that is degraded while the others are not, in words: "new users"."""
    moved: str = ""
    """The signal that moved most, in words."""
    broken: str = ""
    """What is wrong with the data most, in words: "age is missing"."""
    best_length: int | None = None
    """Length of the list with the lowest cost, where another than the served one costs less."""
    has_reference: bool = True
    can_pin: bool = False
    """Enough was answered that a stretch of it can be the reference."""
    deployed: str = ""
    """Number of the version that went live within the period, where there is one to go back to."""
    training_is_old: bool = False


@dataclass(frozen=True)
class Advice:
    code: str
    sentence: str
    action: Action = ""

    @property
    def is_nothing(self) -> bool:
        return not self.action


@dataclass(frozen=True)
class _Rule:
    code: str
    action: Action
    fits: Callable[[Facts], object]
    says: Callable[[Facts], str]


def advise(facts: Facts) -> Advice:
    """The first rule that fits; the last one always does."""
    rule = next(rule for rule in RULES if rule.fits(facts))
    return Advice(rule.code, rule.says(facts), rule.action)


def _missing(facts: Facts) -> str:
    if facts.labels is None or facts.labels_needed is None:
        return "Send feedback on what was answered: without labels nothing can be said of quality."
    more = max(0, facts.labels_needed - facts.labels)
    return f"Send {more:,} more labels ({facts.labels:,} of {facts.labels_needed:,}) before quality can be judged."


RULES: tuple[_Rule, ...] = (
    _Rule(
        "promote", "promote", lambda f: not f.is_live and not f.answers,
        lambda f: "Promote a version: none is in production and nothing answers.",
    ),
    _Rule(
        "late", "health", lambda f: f.is_late,
        lambda f: "See why checks are not run: the newest is older than it should be, so this page may be behind.",
    ),
    _Rule(
        "silent", "traffic", lambda f: f.freshness == "act",
        lambda f: "See whether its callers still ask: predictions have stopped.",
    ),
    _Rule(
        "input", "data", lambda f: f.data == "act",
        lambda f: f"Repair what callers send first: {f.broken or 'its data quality is broken'}.",
    ),
    _Rule(
        "roll_back", "roll_back", lambda f: f.quality == "act" and f.deployed,
        lambda f: f"Roll back: quality is degraded and {f.deployed} went live within this period.",
    ),
    _Rule(
        "segment", "quality", lambda f: f.quality == "act" and f.segment,
        lambda f: f"Investigate {f.segment}: they are degraded, the others are not.",
    ),
    _Rule(
        "retrain", "retrain", lambda f: f.quality == "act",
        lambda f: "Retrain on newer data: quality is degraded" + (f", and {f.moved} moved." if f.moved else "."),
    ),
    _Rule(
        "investigate", "quality", lambda f: f.quality == "watch",
        lambda f: f"Investigate {f.segment or 'which metric and segment fell'}: quality is close to degraded.",
    ),
    _Rule(
        "shorten", "cost", lambda f: f.cost in ("watch", "act") and f.best_length is not None,
        lambda f: f"Try lists of {f.best_length}: errors cost more than the limit, and that length costs least.",
    ),
    _Rule(
        "cost", "cost", lambda f: f.cost in ("watch", "act"),
        lambda f: "Optimise or retrain: errors cost more than the limit.",
    ),
    _Rule(
        "drift_act", "retrain", lambda f: f.drift == "act",
        lambda f: f"Consider retraining: {f.moved or 'its traffic'} moved far from the reference.",
    ),
    _Rule(
        "drift_watch", "drift", lambda f: f.drift == "watch",
        lambda f: f"Look at {f.moved or 'what moved'}: it moved from the reference.",
    ),
    _Rule(
        "baseline",
        "quality",
        lambda f: f.quality == "not_enough" and (f.labels or 0) >= (f.labels_needed or 1),
        lambda f: "Wait: there are labels enough, and the baseline to hold quality against is still being made.",
    ),
    _Rule(
        "labels", "feedback", lambda f: f.quality in (None, "not_enough") and f.answers, _missing,
    ),
    _Rule(
        "pin", "drift", lambda f: f.drift in (None, "not_enough") and not f.has_reference and f.can_pin,
        lambda f: "Pin a reference: without one, drift is not judged.",
    ),
    _Rule(
        "data_watch", "data", lambda f: f.data == "watch",
        lambda f: f"Look at its data: {f.broken or 'a check is near its limit'}.",
    ),
    _Rule(
        "newer_data", "retrain", lambda f: f.training_is_old,
        lambda f: "Nothing is wrong. Its training data is old, so a newer version may be better.",
    ),
    _Rule("nothing", "", lambda f: True, lambda f: "Nothing. What could be judged is within its limits."),
)  # fmt: skip

"""Whether a floor can be reached on the data at all, and which one to agree on where it cannot (D6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from retraining.policy.policy import Performance
from retraining.policy.words import title
from retraining.records import JSON, to_json

SHARE = 0.85
"""Of the version's own baseline: where "healthy" ends (D4)."""


@dataclass(frozen=True)
class Baseline:
    """What the version scored when it was new, on the protocol it serves by."""

    metric: str
    protocol: str
    value: float


@dataclass(frozen=True)
class Attainability:
    """``reached`` is None where no reference line is known. ``proposal`` is None unless the floor says nothing."""

    reached: bool | None
    sentence: str
    proposal: Performance | None = None

    def to_json(self) -> JSON:
        return to_json(self)


def attainable(
    rule: Performance, oracle: float | None, everything: float | None, own: Baseline | None = None
) -> Attainability:
    """The floor against the best any model could score and against recommending everything, on the same protocol.

    A floor above the oracle always fires, one that recommending everything reaches never says anything.
    """
    if oracle is None and everything is None:
        return Attainability(None, f"No reference line of {title('performance', rule)} is known yet.")
    sign = 1.0 if rule.worse == "below" else -1.0
    name = f"{title('performance', rule)} {_side(rule)} {rule.floor:.3g}"
    if oracle is not None and sign * rule.floor > sign * oracle:
        why = f"{name} is out of reach on this data: the best any model could score is {oracle:.3g}"
    elif everything is not None and sign * rule.floor <= sign * everything:
        why = f"{name} says nothing on this data: recommending everything scores {everything:.3g}"
    else:
        return Attainability(True, f"{name} can be reached on this data.")
    if own is None:
        return Attainability(False, f"{why}. Another floor is proposed once the version has a baseline.")
    floor = own.value * (SHARE if rule.worse == "below" else 1 / SHARE)
    if floor <= 0:
        return Attainability(False, f"{why}. The version's own baseline is {own.value:.3g}, which gives no floor.")
    proposal = replace(rule, metric=own.metric, protocol=own.protocol, floor=floor)
    share = f"{100 * SHARE:g} %" if rule.worse == "below" else f"1 / {SHARE:g}"
    words = f"{title('performance', proposal)} of {floor:.3g}, {share} of the version's own baseline of {own.value:.3g}"
    return Attainability(False, f"{why}. Proposed instead: {words}.", proposal)


def _side(rule: Performance) -> str:
    return "of at least" if rule.worse == "below" else "of at most"

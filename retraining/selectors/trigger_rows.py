"""A policy's triggers as a page shows them: figure, threshold, a bar to the threshold, and a word for the state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from retraining.models import Tier
from retraining.policy import words
from retraining.policy.decision import Judged
from retraining.policy.policy import Performance, Policy
from retraining.policy.replay import Replay

STATES = {
    "fired": ("Fired", "bad", "triangle-alert"),
    "quiet": ("Quiet", "good", "circle-check"),
    "not_enough": ("Not enough data", "neutral", "circle-dashed"),
    "off": ("Off", "neutral", "circle-off"),
    "does_not_apply": ("Does not apply", "neutral", "minus"),
}
PLANNED = {"schedule": "Schedule", "new_rows": "New data", "new_users": "New users", "manual": "By hand"}
FULL_AT = 2.0
"""A bar is full at this many times the threshold."""


@dataclass(frozen=True)
class TriggerRow:
    """``share`` and ``limit`` place value and threshold on a bar from 0 to 1; None where there is nothing to draw."""

    key: str
    title: str
    value: str
    threshold: str
    share: float | None
    limit: float | None
    sample: int | None
    minimum: int | None
    label: str
    tone: str
    icon: str
    sentence: str


def rows(policy: Policy, triggers: Iterable[Judged]) -> list[TriggerRow]:
    return [_row(policy, one) for one in triggers]


def counted(policy: Policy, replayed: Replay | None) -> dict[str, list[tuple[str, int]]]:
    """How often each tier and trigger came up, in the page's words."""
    if replayed is None:
        return {"tiers": [], "fired": []}
    return {
        "tiers": [(Tier(tier).label.lower(), number) for tier, number in replayed.tiers.items()],
        "fired": [
            (PLANNED.get(one) or words.title(one, policy.performance), number)
            for one, number in replayed.triggers.items()
        ],
    }


def _row(policy: Policy, one: Judged) -> TriggerRow:
    label, tone, icon = STATES[one.state]
    if one.state == "fired" and one.tier == "consider_soon":
        tone = "warning"
    share, limit = _bar(one, policy.performance)
    return TriggerRow(
        key=one.trigger,
        title=PLANNED.get(one.trigger) or words.title(one.trigger, policy.performance),
        value=_figure(one, one.value),
        threshold=_figure(one, one.threshold),
        share=share,
        limit=limit,
        sample=one.sample,
        minimum=one.minimum,
        label=label,
        tone=tone,
        icon=icon,
        sentence=one.sentence,
    )


def _figure(one: Judged, value: float | None) -> str:
    return "" if value is None else words.figure(one.trigger, value)


def _bar(one: Judged, performance: Performance) -> tuple[float | None, float | None]:
    if one.value is None or not one.threshold:
        return None, None
    full = FULL_AT * one.threshold
    if one.trigger == "performance" and performance.worse == "below":
        full = max(1.0, one.value, one.threshold)
    return min(1.0, max(0.0, one.value / full)), min(1.0, one.threshold / full)

"""The history of a policy: how far each signal was from its threshold, with the decisions that acted."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from retraining.models import Decision

LINES = (
    ("performance", "Performance"),
    ("degradation", "Degradation"),
    ("drift", "Data drift"),
    ("instability", "F1 instability"),
    ("cost", "Cost of errors"),
)
BELOW = ("performance",)
"""Signals that are bad when they fall: drawn as threshold / value, so that above 1 is bad on every line."""


def history(past: Sequence[Decision]) -> LineChart:
    """One line a signal in units of its own threshold; stars are decisions that proposed or retrained."""
    lines = []
    for place, (trigger, title) in enumerate(LINES, 1):
        points = tuple((_at(one), _ratio(one, trigger)) for one in past)
        if any(y is not None for _, y in points):
            lines.append(Series(title, points, place))
    acted = [one for one in past if one.action != Decision.Action.NONE]
    if acted:
        lines.append(
            Series(
                "Acted",
                tuple((_at(one), 1.0) for one in acted),
                7,
                drawn="points",
                star=True,
                names=tuple(one.get_action_display() for one in acted),
                links=tuple(reverse("retraining:decision", args=[one.pk]) for one in acted),
            )
        )
    return LineChart(
        key="policy-history",
        title="Signals against their thresholds",
        series=tuple(lines),
        x=Axis("Time", kind="time"),
        y=Axis("Times the threshold", minimum=0),
        thresholds=(Threshold("threshold", 1.0),),
        summary="Each signal in units of its own threshold: above 1 it fires.",
        empty="No decision with measured signals in the last seven days.",
    )


def _at(one: Decision) -> float:
    return one.at.timestamp()


def _ratio(one: Decision, trigger: str) -> float | None:
    for found in one.document.get("triggers", []):
        if found["trigger"] == trigger and found["state"] in ("fired", "quiet"):
            value, threshold = found.get("value"), found.get("threshold")
            if value is None or not threshold:
                return None
            if trigger in BELOW:
                return float(threshold / value) if value > 0 else None
            return float(value / threshold)
    return None

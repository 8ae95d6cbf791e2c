"""States of health, and how a figure under a rule gets one.

What has not been measured, or on too few cases, is unknown: a state of its own and never healthy.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from mlopspro.core import formats


class State(TextChoices):
    HEALTHY = "healthy", "Healthy"
    DEGRADED = "degraded", "Degraded"
    UNHEALTHY = "unhealthy", "Unhealthy"
    UNKNOWN = "unknown", "Not measured yet"

    @property
    def tone(self) -> str:
        return {"healthy": "good", "degraded": "warning", "unhealthy": "bad", "unknown": "neutral"}[self.value]

    @property
    def icon(self) -> str:
        return {
            "healthy": "circle-check",
            "degraded": "triangle-alert",
            "unhealthy": "circle-alert",
            "unknown": "circle-dashed",
        }[self.value]


@dataclass(frozen=True)
class Rule:
    """What a figure may be: worse than ``degraded`` and ``unhealthy`` (None: never) is what the words say.

    ``unit`` is ms, seconds, share, bytes or count; ``below``: too little is what is wrong; ``advice``: what to do then.
    On fewer cases than ``smallest_sample`` nothing is said.
    """

    key: str
    name: str
    unit: str
    degraded: float | None
    unhealthy: float | None
    advice: str
    smallest_sample: int = 0
    below: bool = False
    essential: bool = False


@dataclass(frozen=True)
class Reading:
    """What was measured; ``value`` None: nothing. ``sample`` is how many cases it rests on, ``note`` adds words."""

    value: float | None
    sample: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Check:
    """A rule with its figure and what follows."""

    rule: Rule
    reading: Reading
    state: State

    @property
    def figure(self) -> str:
        return "not measured" if self.reading.value is None else in_words(self.reading.value, self.rule.unit)

    @property
    def threshold(self) -> str:
        """The bounds, as "degraded above 250 ms, unhealthy above 2 s"."""
        side = "below" if self.rule.below else "above"
        bounds = (("degraded", self.rule.degraded), ("unhealthy", self.rule.unhealthy))
        return ", ".join(f"{word} {side} {in_words(edge, self.rule.unit)}" for word, edge in bounds if edge is not None)

    @property
    def reason(self) -> str:
        """One sentence on why it is in this state; empty where all is well."""
        if self.state is State.HEALTHY:
            return ""
        note = f" {self.reading.note}" if self.reading.note else ""
        if self.state is State.UNKNOWN:
            return self.reading.note or self._why_unknown()
        edge = self.rule.unhealthy if self.state is State.UNHEALTHY else self.rule.degraded
        side = "less" if self.rule.below else "more"
        bound = in_words(edge or 0, self.rule.unit)
        return f"{self.rule.name}: {self.figure}, {side} than {bound}.{note}"

    @property
    def advice(self) -> str:
        return self.rule.advice if self.state in (State.DEGRADED, State.UNHEALTHY) else ""

    def _why_unknown(self) -> str:
        if self.reading.value is None:
            return "Nothing measured yet."
        return f"{formats.number(self.reading.sample)} of the {self.rule.smallest_sample} cases that it takes."


def judge(rule: Rule, reading: Reading) -> Check:
    """The state of one figure under its rule."""
    if reading.value is None or (reading.sample is not None and reading.sample < rule.smallest_sample):
        return Check(rule, reading, State.UNKNOWN)
    if _passed(rule, reading.value, rule.unhealthy):
        return Check(rule, reading, State.UNHEALTHY)
    if _passed(rule, reading.value, rule.degraded):
        return Check(rule, reading, State.DEGRADED)
    return Check(rule, reading, State.HEALTHY)


def _passed(rule: Rule, value: float, edge: float | None) -> bool:
    return edge is not None and (value < edge if rule.below else value > edge)


def in_words(value: float, unit: str) -> str:
    """A figure with its unit, as people read it."""
    if unit == "ms":
        return f"{value / 1000:.3g} s" if value >= 1000 else f"{value:.3g} ms"
    if unit == "seconds":
        return formats.duration(value) if value >= 1 else "0 s"
    if unit == "share":
        return formats.share(value)
    if unit == "bytes":
        return formats.filesize(value)
    return formats.number(value)

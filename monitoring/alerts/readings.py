"""What a rule looks at (a signal) and what it finds there (a reading)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from mlopspro.core import formats

Unit = Literal["share", "number", "money", "seconds", "ms", "count", "ratio"]
UNITS: dict[str, str] = {"money": "$", "seconds": "s", "ms": "ms"}
"""What stands beside a threshold that is typed in."""


@dataclass(frozen=True)
class SignalSpec:
    """A figure of a model that can be bad. ``worse``: on which side; ``needs_sample``: rests on a number of cases."""

    name: str
    title: str
    unit: Unit
    worse: Literal["above", "below", "both"]
    needs_sample: bool
    explain: str
    inclusive: bool = False
    """Whether a value that equals the threshold is bad already."""
    tab: str = ""
    """Of the monitoring page, where its evidence stands."""

    @property
    def is_series(self) -> bool:
        """A measure of windows: held against its own past, not against a number."""
        return self.name.startswith("series.")

    @property
    def is_checked(self) -> bool:
        """Judged by checks over the model's analysis window; others are read from windows of the rule's length."""
        return self.name.partition(".")[0] in ("quality", "cost", "drift", "data", "freshness")

    def figure(self, value: float | None) -> str:
        """A value of this signal in words, such as "12.4 %"."""
        return in_words(value, self.unit)


@dataclass(frozen=True)
class Reading:
    """What a rule compares with its threshold. ``value`` None: the signal is not there, and ``sentence`` says why.

    Of a series ``value`` is how far the newest figure is from what its past says, in robust standard deviations,
    towards the bad side; ``figure`` is the figure itself. ``at`` tells readings apart: the same ``at`` is the same
    reading and counts once.
    """

    value: float | None
    sample: int | None = None
    at: dt.datetime | None = None
    sentence: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    figure: float | None = None


def missing(sentence: str, at: dt.datetime | None = None, sample: int | None = None, **evidence: Any) -> Reading:
    """No value, and why."""
    return Reading(None, sample, at, sentence, evidence)


def in_words(value: float | None, unit: str) -> str:
    """A figure with its unit, as people read it."""
    if value is None:
        return formats.UNDEFINED
    if unit == "share":
        return formats.share(value)
    if unit == "money":
        return formats.money(value)
    if unit == "seconds":
        return formats.duration(value)
    if unit == "ms":
        return f"{formats.metric(value)}{formats.THIN_SPACE}ms"
    if unit == "count":
        return formats.number(value)
    return formats.metric(value)

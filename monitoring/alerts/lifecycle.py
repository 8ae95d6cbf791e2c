"""The life of an alert as a pure function: (what a rule says, what it remembers, a reading, now) → what happens.

Rules of it:
- Only a new reading counts, and each once: one with a later ``at`` than the last.
- An alert opens after ``for_checks`` bad readings in a row and resolves after as many good ones in a row beyond
  ``clear_at``. What lies between threshold and ``clear_at`` is neither: it ends both rows.
- One that was resolved less than 30 minutes ago returns instead of a second one opening. Each return asks for as many
  good readings more before it resolves (up to six times as many), so a signal that flaps falls silent by itself.
- No reading, or one on too few cases, is neither good nor bad: rows stay as they are, nothing opens or resolves.
- A snoozed alert wakes when its time is over, unless it is on its way to being resolved.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

RETURNS_WITHIN = dt.timedelta(minutes=30)
MOST_PATIENCE = 6
"""Times ``for_checks`` good readings, at most, before an alert that returned resolves."""


class Grade(StrEnum):
    GOOD = "good"
    BAD = "bad"
    BETWEEN = "between"
    MISSING = "missing"


class Step(StrEnum):
    OPEN = "open"
    RETURN = "return"
    SEEN = "seen"
    """Still bad: the alert tells the newest value."""
    GONE = "gone"
    """The signal of a live alert is no longer there."""
    RESOLVE = "resolve"
    WAKE = "wake"


@dataclass(frozen=True)
class Terms:
    """What a rule asks for. Of an anomaly the value is a distance, and bad from ``threshold`` on, as above."""

    comparison: Literal["above", "below", "anomaly"]
    threshold: float
    clear_at: float | None = None
    for_checks: int = 2
    minimum_sample: int = 0
    inclusive: bool = False

    @property
    def clears(self) -> float:
        return self.threshold if self.clear_at is None else self.clear_at


@dataclass(frozen=True)
class Read:
    """``at`` tells readings apart; ``value`` None: there is none, and ``why``."""

    value: float | None
    sample: int | None = None
    at: dt.datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Streak:
    """What a rule remembers: bad and good readings in a row, the last one that counted, since when there is none."""

    bad: int = 0
    good: int = 0
    at: dt.datetime | None = None
    missing_since: dt.datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Life:
    """The rule's newest alert as far as it matters here."""

    state: Literal["open", "acknowledged", "snoozed", "resolved"]
    occurrences: int = 1
    snoozed_until: dt.datetime | None = None
    resolved_at: dt.datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.state != "resolved"


@dataclass(frozen=True)
class Moved:
    streak: Streak
    steps: tuple[Step, ...] = ()
    grade: Grade = Grade.MISSING


def grade(terms: Terms, read: Read) -> tuple[Grade, str]:
    """The grade of one reading, and where it is missing, why."""
    value = read.value
    if value is None or not math.isfinite(value):
        return Grade.MISSING, read.why or "There is no value."
    if read.sample is not None and read.sample < terms.minimum_sample:
        return Grade.MISSING, f"Not enough data yet: {read.sample:,} of {terms.minimum_sample:,}."
    # Mirrored, "below" is "above": only one side has to be thought through.
    sign = -1.0 if terms.comparison == "below" else 1.0
    value, threshold, clears = sign * value, sign * terms.threshold, sign * terms.clears
    if value > threshold or (terms.inclusive and value == threshold):
        return Grade.BAD, ""
    return (Grade.GOOD if value <= clears else Grade.BETWEEN), ""


def needed_to_resolve(terms: Terms, occurrences: int) -> int:
    """Good readings in a row."""
    return terms.for_checks * min(max(occurrences, 1), MOST_PATIENCE)


def step(terms: Terms, streak: Streak, life: Life | None, read: Read, now: dt.datetime) -> Moved:
    """What the reading does. ``life`` is None where the rule never had an alert."""
    found, why = grade(terms, read)
    live = life is not None and life.is_live
    steps: list[Step] = []
    if found is Grade.MISSING:
        if live and streak.missing_since is None:
            steps.append(Step.GONE)
        streak = replace(streak, missing_since=streak.missing_since or now, why=why)
    elif streak.at is None or (read.at is not None and read.at > streak.at):
        streak = _counted(streak, found, read)
        steps += _of_a_new(terms, streak, life, found, now)
    if life is not None and _wakes(streak, life, found, now) and Step.RESOLVE not in steps:
        steps.append(Step.WAKE)
    return Moved(streak, tuple(steps), found)


def _counted(streak: Streak, found: Grade, read: Read) -> Streak:
    bad = streak.bad + 1 if found is Grade.BAD else 0
    good = streak.good + 1 if found is Grade.GOOD else 0
    return Streak(bad, good, read.at)


def _of_a_new(terms: Terms, streak: Streak, life: Life | None, found: Grade, now: dt.datetime) -> list[Step]:
    if life is not None and life.is_live:
        if found is Grade.BAD:
            return [Step.SEEN]
        return [Step.RESOLVE] if streak.good >= needed_to_resolve(terms, life.occurrences) else []
    if streak.bad < terms.for_checks:
        return []
    recent = life is not None and life.resolved_at is not None and now - life.resolved_at < RETURNS_WITHIN
    return [Step.RETURN if recent else Step.OPEN]


def _wakes(streak: Streak, life: Life, found: Grade, now: dt.datetime) -> bool:
    due = life.state == "snoozed" and life.snoozed_until is not None and now >= life.snoozed_until
    return due and (streak.good == 0 or found is Grade.MISSING)

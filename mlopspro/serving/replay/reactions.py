"""What comes back of an answer: a stated model of what people look at, like and pass over, and how long they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

ReactionKind = Literal["rating", "click", "skip", "label", "value"]


@dataclass(frozen=True)
class Exposure:
    """How people react to a list.

    Attributes:
        looks_on: chance that the next place is looked at after the one before it; the first always is. 1: all are
            (rank-biased persistence, Moffat and Zobel, ACM TOIS 2008).
        skips: chance that an item which is looked at and not wanted is reported as passed over.
        answers: chance that an item which is looked at and wanted gets its rating or click; of a table that a row's
            truth becomes known.
        delay_seconds: mean of the exponential time until feedback arrives; 0 is at once.
    """

    looks_on: float = 1.0
    skips: float = 0.5
    answers: float = 1.0
    delay_seconds: float = 2.0

    def __post_init__(self) -> None:
        for name in ("looks_on", "skips", "answers"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value:g}; accepted: a chance from 0 to 1")
        if self.delay_seconds < 0:
            raise ValueError(f"delay_seconds is {self.delay_seconds:g}; accepted: 0 or more")


@dataclass(frozen=True)
class Reaction:
    """One piece of feedback, ``delay`` seconds after the answer."""

    kind: ReactionKind
    delay: float
    item: str = ""
    value: float | None = None
    label: str = ""


def to_list(
    items: Sequence[str],
    wanted: Mapping[str, float],
    exposure: Exposure,
    random: np.random.Generator,
    *,
    liked_value: float,
    explicit: bool,
    flip: float = 0.0,
) -> list[Reaction]:
    """Reactions to a shown list, best place first.

    Wanted items get their own rating (``explicit``) or a click, others a skip. With chance ``flip`` a reaction says the
    opposite: a wanted item is skipped, another one is rated ``liked_value`` or clicked.
    """
    found: list[Reaction] = []
    # The same number of draws whatever happens, so that one changed chance leaves the other draws as they are.
    draws = random.random((len(items), 3))
    delays = random.exponential(1.0, len(items)) * exposure.delay_seconds
    for place, item in enumerate(items):
        if place and draws[place, 0] >= exposure.looks_on:
            break
        value = wanted.get(item)
        if draws[place, 1] >= (exposure.skips if value is None else exposure.answers):
            continue
        if draws[place, 2] < flip:
            value = liked_value if value is None else None
        if value is None:
            found.append(Reaction("skip", float(delays[place]), item))
        elif explicit:
            found.append(Reaction("rating", float(delays[place]), item, value))
        else:
            found.append(Reaction("click", float(delays[place]), item, 1.0))
    return found


def to_row(
    truth: float,
    exposure: Exposure,
    random: np.random.Generator,
    *,
    label: bool,
    deviation: float,
    flip: float = 0.0,
) -> list[Reaction]:
    """The truth of a predicted row, some time later. With chance ``flip`` a class 1 is told as 0 and the other way
    round, and a number is off by a normal error of standard deviation ``deviation``."""
    draws, error = random.random(2), random.standard_normal()
    delay = float(random.exponential(1.0) * exposure.delay_seconds)
    if draws[0] >= exposure.answers:
        return []
    if draws[1] < flip:
        truth = 1 - truth if label else truth + deviation * error
    if label:
        return [Reaction("label", delay, label=f"{truth:g}")]
    return [Reaction("value", delay, value=float(truth))]

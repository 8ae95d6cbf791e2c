"""One pair of runs as it is shown: who is ahead by how much, in words, figures and a place in a drawing.

Differences are turned so that above zero means better, also where a lower figure is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from experiments.learning.comparison.results import Outcome, PairVerdict
from experiments.selectors.comparison import Compared
from mlopspro.core import formats

Standing = Literal["better", "worse", "no_difference_shown", "not_enough_data", "identical"]
LOOKS: dict[Standing, tuple[str, str, str]] = {
    "better": ("better", "good", "trending-up"),
    "worse": ("worse", "bad", "trending-down"),
    "no_difference_shown": ("no difference shown", "neutral", "minus"),
    "not_enough_data": ("not enough data", "warning", "hourglass"),
    "identical": ("identical", "neutral", "equal"),
}


@dataclass(frozen=True)
class Lead:
    """How far ``one`` is ahead of ``other``; above zero is better for ``one``."""

    one: Compared
    other: Compared
    pair: PairVerdict

    @cached_property
    def _sign(self) -> int:
        """Of the pair's difference (b - a), as seen from ``one``."""
        return (1 if self.pair.b == self.one.key else -1) * (1 if self.pair.higher_is_better else -1)

    @property
    def difference(self) -> float | None:
        return None if self.pair.difference is None else self._sign * self.pair.difference

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The confidence interval, low and high; None where there is none."""
        if self.pair.low is None or self.pair.high is None:
            return None
        ends = sorted((self._sign * self.pair.low, self._sign * self.pair.high))
        return ends[0], ends[1]

    @property
    def standing(self) -> Standing:
        outcome = self.pair.outcome
        if outcome == "a_better" or outcome == "b_better":
            return "better" if self.pair.better == self.one.key else "worse"
        return outcome

    @property
    def word(self) -> str:
        return LOOKS[self.standing][0]

    @property
    def tone(self) -> str:
        return LOOKS[self.standing][1]

    @property
    def icon(self) -> str:
        return LOOKS[self.standing][2]

    @property
    def users(self) -> int:
        return self.pair.users

    @property
    def text(self) -> str:
        """+0.012, with as many decimals as its interval gives meaning to."""
        return signed(self.difference, _decimals(self.bounds))

    @property
    def interval_text(self) -> str:
        if self.bounds is None:
            return formats.UNDEFINED
        digits = _decimals(self.bounds)
        return f"{signed(self.bounds[0], digits)} to {signed(self.bounds[1], digits)}"

    @property
    def p_text(self) -> str:
        return p_words(self.pair.p_adjusted)


@dataclass(frozen=True)
class Place:
    """Where a lead stands in a drawing of intervals, in percent of its width; all None without an interval."""

    zero: float
    low: float | None = None
    high: float | None = None
    middle: float | None = None


@dataclass(frozen=True)
class Line:
    """One pair against the run in front: in words, in figures, in the drawing."""

    lead: Lead
    sentence: str
    place: Place


def facing(pair: PairVerdict, first: str) -> PairVerdict:
    """The same pair with ``first`` as its a, so that sentences name runs in the order of the page."""
    if pair.a == first:
        return pair
    swapped: dict[Outcome, Outcome] = {"a_better": "b_better", "b_better": "a_better"}
    return replace(
        pair,
        a=pair.b,
        b=pair.a,
        value_a=pair.value_b,
        value_b=pair.value_a,
        difference=_negative(pair.difference),
        low=_negative(pair.high),
        high=_negative(pair.low),
        users_only_a=pair.users_only_b,
        users_only_b=pair.users_only_a,
        outcome=swapped.get(pair.outcome, pair.outcome),
    )


def _negative(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def lines_of(leads: Sequence[tuple[Lead, str]]) -> tuple[Line, ...]:
    """Leads with their sentences, drawn on one scale that has zero in it."""
    ends = [end for lead, _ in leads for end in lead.bounds or ()]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    margin = (high - low) * 0.06 or 1.0
    return tuple(Line(lead, words, _place(lead, low - margin, high + margin)) for lead, words in leads)


def _place(lead: Lead, low: float, high: float) -> Place:
    def percent(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    if lead.bounds is None or lead.difference is None:
        return Place(percent(0))
    return Place(percent(0), percent(lead.bounds[0]), percent(lead.bounds[1]), percent(lead.difference))


def _decimals(bounds: tuple[float, float] | None) -> int:
    """At least three, and enough that half the interval does not read as zero."""
    if bounds is None or bounds[0] == bounds[1]:
        return 3
    half = (bounds[1] - bounds[0]) / 2
    return min(12, max(3, -math.floor(math.log10(half))))


def signed(value: Any, digits: int) -> str:
    """+0.012, −0.003, 0.000."""
    known = formats.as_float(value)
    if known is None:
        return formats.UNDEFINED
    text = formats.number(known, digits)
    return f"+{text}" if float(f"{known:.{digits}f}") > 0 else text


def p_words(p: float | None) -> str:
    """Three decimals, rounded up, so that 0.0501 never reads as 0.050."""
    if p is None:
        return formats.UNDEFINED
    return "< 0.001" if p < 0.001 else f"{math.ceil(round(p * 1000, 6)) / 1000:.3f}"

"""The named kinds of drift that a replay can inject: what each does, from when, and how strongly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    NEW_USERS = "new_users"
    POPULARITY_REVERSED = "popularity_reversed"
    TASTE_SHIFT = "taste_shift"
    FEATURE_SHIFT = "feature_shift"
    CATEGORY_SHIFT = "category_shift"
    SLOW = "slow"
    ERRORS = "errors"
    LABEL_NOISE = "label_noise"


@dataclass(frozen=True)
class About:
    """``lists`` and ``tables``: what it can be injected into. Bounds are of the strength, both included."""

    does: str
    strength: str
    default: float
    lowest: float
    highest: float
    lists: bool = True
    tables: bool = True
    column: str = ""
    """Which kind of column it moves; "" where it moves none."""


ABOUT: dict[Kind, About] = {
    Kind.NEW_USERS: About(
        "More requests come from users that the model has never seen.",
        "times the share of such requests in the plan, taken as 5 % where it is less",
        2.0, 1.0, 20.0, tables=False,
    ),
    Kind.POPULARITY_REVERSED: About(
        "A share of the requests comes from the other end of the tail: who likes the popular is replaced by who likes "
        "the rare, and an item that is wanted by the one of opposite popularity.",
        "share of requests", 0.1, 0.0, 1.0, tables=False,
    ),
    Kind.TASTE_SHIFT: About(
        "A share of the users wants items of other genres than before, so quality falls.",
        "share of users", 0.3, 0.0, 1.0, tables=False,
    ),
    Kind.FEATURE_SHIFT: About(
        "The values of a numeric feature move up.",
        "standard deviations of the training rows", 0.5, -10.0, 10.0, lists=False, column="numeric",
    ),
    Kind.CATEGORY_SHIFT: About(
        "Rows of a feature's most frequent category get its second most frequent one.",
        "share of all rows that moves; 0.1 are 10 points", 0.1, 0.0, 1.0, lists=False, column="categorical",
    ),
    Kind.SLOW: About("Answers take longer.", "milliseconds", 200.0, 0.0, 60_000.0),
    Kind.ERRORS: About("Answers fail.", "share of requests", 0.05, 0.0, 1.0),
    Kind.LABEL_NOISE: About(
        "Feedback says the opposite: wanted items are passed over and others liked, classes swapped, numbers off by a "
        "standard deviation or so.",
        "share of the feedback", 0.2, 0.0, 1.0,
    ),
}  # fmt: skip


class DriftError(ValueError):
    """A drift as asked for makes no sense; the message names the field, the value and what is accepted."""


@dataclass(frozen=True)
class Drift:
    """One kind, from ``start`` on and until ``end``: shares of the replay up to 1, above that numbers of requests."""

    kind: Kind
    strength: float
    start: float = 0.5
    end: float | None = None
    column: str = ""
    """Of a table: the column that moves; "" is the first of its kind."""

    @classmethod
    def of(
        cls, kind: str, strength: float | None = None, start: float = 0.5, end: float | None = None, column: str = ""
    ) -> Drift:
        """Checked. Raises DriftError."""
        if kind not in {one.value for one in Kind}:
            raise DriftError(f"drift is {kind!r}; accepted: {', '.join(Kind)}")
        known, about = Kind(kind), ABOUT[Kind(kind)]
        value = about.default if strength is None else strength
        if not about.lowest <= value <= about.highest:
            raise DriftError(
                f"strength of {kind} is {value:g}; accepted: {about.lowest:g} to {about.highest:g} ({about.strength})"
            )
        if start < 0:
            raise DriftError(f"start of {kind} is {start:g}; accepted: 0 or more")
        if column and not about.column:
            raise DriftError(f"column of {kind} is {column!r}; accepted with {_with_columns()}")
        return cls(known, value, start, end, column)

    def is_on(self, number: int, total: int | None) -> bool:
        """Whether the request of this number (from 0) is drifted. ``total``: requests of the whole replay."""
        return _place(self.start, total) <= number and (self.end is None or number < _place(self.end, total))


def parse(text: str) -> Drift:
    """``taste_shift``, ``taste_shift,start=50%,strength=0.3``, ``slow,start=2000,end=4000``. Raises DriftError."""
    kind, *rest = [part.strip() for part in text.split(",")]
    said: dict[str, str] = {}
    for part in rest:
        name, found, value = part.partition("=")
        if not found or name.strip() not in ("start", "end", "strength", "column"):
            raise DriftError(f"{part!r} in --drift {text!r}; accepted: start=, end=, strength=, column=")
        said[name.strip()] = value.strip()
    return Drift.of(
        kind,
        strength=_number(said["strength"], "strength", text) if "strength" in said else None,
        start=_position(said.get("start", "50%"), "start", text),
        end=_position(said["end"], "end", text) if "end" in said else None,
        column=said.get("column", ""),
    )


def require_fitting(drifts: Sequence[Drift], *, tables: bool) -> None:
    """Raises DriftError where a kind cannot happen to such data."""
    for drift in drifts:
        about = ABOUT[drift.kind]
        if not (about.tables if tables else about.lists):
            fitting = [kind for kind, one in ABOUT.items() if (one.tables if tables else one.lists)]
            data = "a table" if tables else "a recommender"
            raise DriftError(f"drift is {drift.kind.value!r}, which {data} lacks; accepted: {', '.join(fitting)}")


def _place(value: float, total: int | None) -> float:
    if value > 1:
        return value
    return 0 if value == 0 else float("inf") if total is None else value * total


def _position(text: str, name: str, whole: str) -> float:
    """50% or 0.5 is a share of the replay; 2000 a number of requests."""
    if text.endswith("%"):
        return _number(text[:-1], name, whole) / 100
    return _number(text, name, whole)


def _number(text: str, name: str, whole: str) -> float:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise DriftError(f"{name} in --drift {whole!r} is {text!r}; accepted: a number, such as 0.3 or 50%")
    return float(text)


def _with_columns() -> str:
    return ", ".join(kind for kind, about in ABOUT.items() if about.column)

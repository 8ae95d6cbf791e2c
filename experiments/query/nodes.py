"""The tree that a query becomes. Every node is immutable and compares by value.

A comparison holds only for runs that have a value, whatever its operator: ``metrics.rmse != 1`` leaves out runs
without an RMSE. ``NOT`` turns an answer round, so ``NOT metrics.rmse = 1`` keeps them. Tags are a set: ``tags != "x"``
says that no tag is "x", also of runs without tags.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

FieldKind = Literal["attribute", "metric", "parameter", "tag"]
Operator = Literal["=", "!=", ">", ">=", "<", "<=", "~", "!~", "like", "not like", "ilike", "not ilike", "in", "not in"]


@dataclass(frozen=True)
class Field:
    """What a condition is about. ``protocol`` is set where a metric's name gives it; an attribute's name is canonical.

    The place in the text is kept for messages and does not count when fields are compared.
    """

    kind: FieldKind
    name: str
    protocol: str = ""
    position: int = 0
    length: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, str, str]:
        return self.kind, self.protocol, self.name


@dataclass(frozen=True)
class Day:
    """A whole calendar day in the reader's time zone."""

    day: dt.date


@dataclass(frozen=True)
class RecentDay:
    """Today (0), yesterday (1) and so on in the reader's time zone."""

    back: int


@dataclass(frozen=True)
class Ago:
    """A moment counted back from now."""

    back: dt.timedelta


Value: TypeAlias = float | str | Day | RecentDay | Ago | dt.datetime | dt.timedelta
"""Numbers, text, days, moments (without a zone: the reader's own) and durations."""


class Expression:
    """Any node."""


@dataclass(frozen=True)
class Comparison(Expression):
    """``values`` has one entry, or those of the list after IN."""

    field: Field
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Nullness(Expression):
    """IS NULL (``missing``) or IS NOT NULL."""

    field: Field
    missing: bool


@dataclass(frozen=True)
class Words(Expression):
    """Plain text: the run's name contains it, whatever the case."""

    text: str


@dataclass(frozen=True)
class Not(Expression):
    part: Expression


@dataclass(frozen=True)
class And(Expression):
    """Without parts it holds for every run: the empty query."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Or(Expression):
    parts: tuple[Expression, ...]

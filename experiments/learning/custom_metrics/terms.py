"""An expression whose names are known: what it computes, at which level, from what."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.learning.custom_metrics.aggregates import Aggregate
from experiments.learning.custom_metrics.functions import Function, ValueKind

SEGMENT = "segment"


@dataclass(frozen=True)
class Constant:
    value: float
    kind: ValueKind = "number"
    per_user: bool = False


@dataclass(frozen=True)
class Column:
    """A value of each user of one protocol; a segment's name is a condition."""

    protocol: str
    name: str
    kind: ValueKind = "number"
    per_user: bool = True


@dataclass(frozen=True)
class Metric:
    """A figure of the run."""

    protocol: str
    name: str
    kind: ValueKind = "number"
    per_user: bool = False

    def __str__(self) -> str:
        return f"metrics.{self.protocol}.{self.name}"


@dataclass(frozen=True)
class Applied:
    """A function or operator of values; one a user where any of them is."""

    function: Function
    values: tuple[Term, ...]
    per_user: bool

    @property
    def kind(self) -> ValueKind:
        return self.function.gives


@dataclass(frozen=True)
class Folded:
    """Operators from left to right: ``first`` and then (operator, value) pairs."""

    first: Term
    rest: tuple[tuple[Function, Term], ...]
    kind: ValueKind
    per_user: bool


@dataclass(frozen=True)
class Aggregated:
    """One figure from the users of ``protocols`` for whom ``where`` is true; ``start`` is its place in the text."""

    aggregate: Aggregate
    value: Term
    extra: tuple[Term, ...]
    where: Term | None
    protocols: tuple[str, ...]
    start: int
    kind: ValueKind = "number"
    per_user: bool = False


Term = Constant | Column | Metric | Applied | Folded | Aggregated


def parts_of(term: Term) -> tuple[Term, ...]:
    """The terms directly inside this one."""
    if isinstance(term, Applied):
        return term.values
    if isinstance(term, Folded):
        return (term.first, *(value for _, value in term.rest))
    if isinstance(term, Aggregated):
        return (term.value, *term.extra, *([term.where] if term.where is not None else []))
    return ()


def everything_in(term: Term) -> list[Term]:
    """This term and all inside it."""
    found = [term]
    for part in found:
        found.extend(parts_of(part))
    return found

"""What an expression looks like once it is read, before it is known what its names mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` (excluded) of the text."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Number:
    value: float
    span: Span


@dataclass(frozen=True)
class Name:
    """A column or a metric, as written: ``first_rank``, ``catalogue.first_rank``, ``metrics.rated.f1_at_10``."""

    text: str
    span: Span


@dataclass(frozen=True)
class Operation:
    """One operator on one or two values: ``-`` (sign), ``not``, ``^`` or a comparison."""

    operator: str
    operands: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class Chain:
    """Values joined from left to right: sums, products, ``and``, ``or``. Flat, so that length is not depth."""

    first: Node
    rest: tuple[tuple[str, Node], ...]
    span: Span


@dataclass(frozen=True)
class Call:
    """``name(arguments where condition)``; ``name_span`` is the name alone."""

    name: str
    arguments: tuple[Node, ...]
    where: Node | None
    span: Span
    name_span: Span


@dataclass(frozen=True)
class Expression:
    """A whole text; ``protocol`` is the name in front of a leading colon, where there is one."""

    body: Node
    protocol: Name | None


Node = Number | Name | Operation | Chain | Call

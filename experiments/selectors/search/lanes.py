"""An order of runs as lanes: one after the other, each an index read from a place onwards.

Sorting by a metric is two lanes: runs that have it, by value, and then the others, by age. A page reads a lane from
where the last one ended, so the thousandth page costs what the first one does.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    DurationField,
    Expression,
    F,
    Field,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from experiments.models import Experiment
from experiments.selectors.search.expressions import IsAnyOf, RowAfter, RowBefore

KeyKind = Literal["number", "integer", "text", "moment", "duration"]
_FIELDS: dict[KeyKind, type[Field[Any, Any]]] = {
    "number": FloatField,
    "integer": BigIntegerField,
    "text": CharField,
    "moment": DateTimeField,
    "duration": DurationField,
}


@dataclass(frozen=True)
class Key:
    """What a lane is ordered by; ``kind`` is how a cursor writes it."""

    column: str | Expression
    kind: KeyKind

    @property
    def expression(self) -> Expression | F:
        return F(self.column) if isinstance(self.column, str) else self.column

    def value(self, value: Any) -> Value:
        return Value(value, output_field=_FIELDS[self.kind]())


@dataclass(frozen=True)
class Place:
    """A run's place in a lane: its keys and its id."""

    keys: tuple[Any, ...]
    run: uuid.UUID


Rows: TypeAlias = "QuerySet[Any, Any]"
EVERYTHING = 2**31
"""A limit that limits nothing; a query that has one is carried out by itself."""


@dataclass(frozen=True)
class Source:
    """Runs that meet a condition, as an index has them: ``rows``, and the column that names the run."""

    rows: Rows
    column: str
    condition: Q


@dataclass(frozen=True)
class Lane:
    """``base`` has rows of a run each, named by the column ``run``; those that meet ``condition`` are in the lane.

    Ties are ordered by the id, in the same direction.
    """

    name: str
    base: Rows
    run: str
    keys: tuple[Key, ...]
    descending: bool
    condition: Q = Q()  # noqa: RUF009  never changed

    @property
    def rows(self) -> Rows:
        """Made only when the lane is read: an order by dataset has one for each dataset."""
        return self.base.filter(self.condition) if self.condition else self.base

    def walk(self, after: Place | None, limit: int, *, backwards: bool = False) -> list[Place]:
        """Up to ``limit`` places that follow ``after`` (or precede it, backwards, the nearest first): one query."""
        keys = [key.expression for key in self.keys]
        return self._read(self.rows, self.run, keys, after, limit, backwards=backwards)

    def among(self, runs: list[uuid.UUID], after: Place | None, limit: int, *, backwards: bool) -> list[Place]:
        """The same of these runs only, looked up one by one: the planner would rather read the whole order."""
        if self.run == "pk":
            keys: list[Any] = [Coalesce(key.expression, key.expression) for key in self.keys]  # hidden from indexes
            return self._read(self.rows.filter(IsAnyOf("pk", runs)), "pk", keys, after, limit, backwards=backwards)
        own = self.rows.filter(**{self.run: OuterRef("pk")})
        keys = [Subquery(own.annotate(key=key.expression).values("key")[:1]) for key in self.keys]
        found = Experiment.objects.filter(IsAnyOf("pk", runs), *(Q(IsNull(key, False)) for key in keys))
        return self._read(found, "pk", keys, after, limit, backwards=backwards)

    def narrowed(self, sources: Sequence[Source]) -> Lane:
        """The lane with only those runs that each source has. The planner is to make a set of each source: left to
        itself it believes that the first rows of the order will do, and asks for each row whether it is among them.
        """
        rows = self.rows
        for source in sources:
            rows = rows.filter(source.condition) if self.run == source.column == "pk" else self._within(rows, source)
        return replace(self, base=rows, condition=Q())

    def within(self, source: Source) -> Lane:
        """The lane with only the runs of the source, which are found first in any case."""
        return replace(self, base=self._within(self.rows, source), condition=Q())

    def _within(self, rows: Rows, source: Source) -> Rows:
        return rows.filter(**{f"{self.run}__in": source.rows.values(source.column)[:EVERYTHING]})

    def _read(
        self, rows: Rows, run: str, keys: list[Any], after: Place | None, limit: int, *, backwards: bool
    ) -> list[Place]:
        descending = self.descending != backwards
        if after is not None:
            values = [key.value(value) for key, value in zip(self.keys, after.keys, strict=True)]
            compared = RowBefore if descending else RowAfter
            beyond = compared([*keys, F(run)], [*values, Value(after.run, output_field=UUIDField())])
            rows = rows.filter(Q(beyond))
        named = {f"key_{number}": key for number, key in enumerate(keys)}
        order = [F(name).desc() if descending else F(name).asc() for name in [*named, run]]
        found = rows.annotate(**named).order_by(*order).values_list(run, *named)[:limit]
        return [Place(tuple(values), run) for run, *values in found]

"""An order of runs as lanes: one after the other, each an index read from a place onwards.

Sorting by a metric is two lanes: runs that have it, by value, and then the others, by age. A page reads a lane from
where the last one ended, so the thousandth page costs what the first one does.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
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
    Q,
    QuerySet,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce

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


@dataclass(frozen=True)
class Lane:
    """``rows`` have a run each, named by the column ``run``. Ties are ordered by the id, in the same direction."""

    name: str
    rows: Rows
    run: str
    keys: tuple[Key, ...]
    descending: bool

    def walk(self, after: Place | None, limit: int, *, backwards: bool = False) -> list[Place]:
        """Up to ``limit`` places that follow ``after`` (or precede it, backwards, the nearest first): one query."""
        return self._read(self.rows, [key.expression for key in self.keys], after, limit, backwards=backwards)

    def among(self, runs: list[uuid.UUID], after: Place | None, limit: int, *, backwards: bool) -> list[Place]:
        """The same of these runs only. Here the planner must not read the whole order for the sake of a few runs, so
        the order is hidden from its indexes.
        """
        keys = [Coalesce(key.expression, key.expression) for key in self.keys]
        return self._read(self.rows.filter(IsAnyOf(self.run, runs)), keys, after, limit, backwards=backwards)

    def within(self, chosen: Rows, after: Place | None, limit: int, *, backwards: bool) -> list[Place]:
        """The same of the runs of another query."""
        keys = [Coalesce(key.expression, key.expression) for key in self.keys]
        rows = self.rows.filter(**{f"{self.run}__in": chosen.values("pk")})
        return self._read(rows, keys, after, limit, backwards=backwards)

    def _read(self, rows: Rows, keys: list[Any], after: Place | None, limit: int, *, backwards: bool) -> list[Place]:
        descending = self.descending != backwards
        if after is not None:
            rows = rows.filter(self._beyond(after, descending=descending))
        named = {f"key_{number}": key for number, key in enumerate(keys)}
        order = [F(name).desc() if descending else F(name).asc() for name in [*named, self.run]]
        found = rows.annotate(**named).order_by(*order).values_list(self.run, *named)[:limit]
        return [Place(tuple(values), run) for run, *values in found]

    def _beyond(self, place: Place, *, descending: bool) -> Q:
        columns = [*(key.expression for key in self.keys), F(self.run)]
        values = [key.value(value) for key, value in zip(self.keys, place.keys, strict=True)]
        compared = RowBefore if descending else RowAfter
        return Q(compared(columns, [*values, Value(place.run, output_field=UUIDField())]))

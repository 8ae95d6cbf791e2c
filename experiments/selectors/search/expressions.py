"""Comparisons of PostgreSQL that the ORM has no word for. Values are parameters always; the SQL around is constant."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Expression, F, Func, TextField, UUIDField, Value
from django.db.models.functions import Lower, StrIndex
from django.db.models.lookups import GreaterThan


def contains(column: str, text: str) -> GreaterThan:
    """``text`` is part of the column, whatever the case. No pattern: % and _ are themselves."""
    return GreaterThan(StrIndex(Lower(F(column)), Lower(Value(text))), 0)


class Like(Func):
    """MLflow's LIKE: % stands for any text, _ for one character, and there is no escape."""

    template = "(%(expressions)s ESCAPE '')"
    arg_joiner = " LIKE "
    output_field = BooleanField()


class ILike(Like):
    arg_joiner = " ILIKE "


def like(column: str, pattern: str, *, ignore_case: bool) -> Like:
    return (ILike if ignore_case else Like)(F(column), Value(pattern))


class IsAnyOf(Func):
    """``column = ANY(ids)``: one parameter however many ids."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, column: str, ids: Sequence[uuid.UUID]) -> None:
        super().__init__(F(column), Value(list(ids), output_field=ArrayField(UUIDField())))


class _Compared(Func):
    """(a, b, …) < (x, y, …) as one comparison, which an index on the columns answers from its place."""

    output_field = BooleanField()
    sign = ""

    def __init__(self, columns: Sequence[F | Expression], values: Sequence[Expression]) -> None:
        self.width = len(columns)
        super().__init__(*columns, *values)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(one) for one in self.get_source_expressions()]
        left = ", ".join(sql for sql, _ in parts[: self.width])
        right = ", ".join(sql for sql, _ in parts[self.width :])
        return f"(({left}) {self.sign} ({right}))", [value for _, params in parts for value in params]


class RowAfter(_Compared):
    sign = ">"


class RowBefore(_Compared):
    sign = "<"


class AnyTag(Func):
    """Some tag of the array begins with a prefix and its rest is, contains or is like a text.

    ``how``: "any" (every rest), "=", "~", "like", "ilike".
    """

    output_field = BooleanField()
    _CONDITIONS = {
        "any": "TRUE",
        "=": "one.rest = {text}",
        "~": "STRPOS(LOWER(one.rest), LOWER({text})) > 0",
        "like": "one.rest LIKE {text} ESCAPE ''",
        "ilike": "one.rest ILIKE {text} ESCAPE ''",
    }

    def __init__(self, column: str, how: str, text: str = "", prefix: str = "") -> None:
        self.how = how
        texts = [Value(one, output_field=TextField()) for one in (prefix, prefix, text)]
        super().__init__(F(column), *(texts if how != "any" else texts[:2]))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(one) for one in self.get_source_expressions()]
        tags, cut, prefix, *text = (sql for sql, _ in parts)
        condition = self._CONDITIONS[self.how].format(text=f"{text[0]}::text" if text else "")
        sql = (
            f"EXISTS (SELECT 1 FROM (SELECT tag, SUBSTR(tag, LENGTH({cut}::text) + 1) AS rest FROM "  # noqa: S608
            f"UNNEST({tags}) AS tag) AS one WHERE STARTS_WITH(one.tag, {prefix}::text) AND {condition})"
        )
        order = [parts[1], parts[0], *parts[2:]]
        return sql, [value for _, params in order for value in params]


class HasTrigrams(Func):
    """All trigrams of a text are among those of a column; the index ``experiment_name_trigrams`` answers it."""

    template = "(experiments_trigrams(%(expressions)s))"
    arg_joiner = ") @> experiments_trigrams("
    output_field = BooleanField()

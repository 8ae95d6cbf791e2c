"""Operators on a column of numbers or of text → ``Q``. The column has a value; others are dealt with outside."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.db.models import Q

from experiments.query.nodes import Operator, Value
from experiments.selectors.search.expressions import contains, like

NEGATIVES: dict[Operator, Operator] = {
    "!=": "=",
    "!~": "~",
    "not like": "like",
    "not ilike": "ilike",
    "not in": "in",
}


_LOOKUPS: dict[Operator, str] = {"=": "exact", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def number_condition(column: str, operator: Operator, values: tuple[Value, ...]) -> Q:
    """Of a column that is not null."""
    positive = NEGATIVES.get(operator)
    if positive is not None:
        return ~number_condition(column, positive, values)
    if operator == "in":
        return Q(**{f"{column}__in": list(values)})
    return Q(**{f"{column}__{_LOOKUPS[operator]}": values[0]})


def integer_condition(column: str, operator: Operator, values: tuple[Value, ...]) -> Q:
    """Of a column of whole numbers, compared with any number: nothing equals 0.5, and > 0.5 begins at 1."""
    numbers = [one for one in values if isinstance(one, float)]
    if operator in ("=", "in"):
        return Q(**{f"{column}__in": [int(one) for one in numbers if one.is_integer()]})
    rounded = math.floor(numbers[0]) if operator in (">", "<=") else math.ceil(numbers[0])
    return Q(**{f"{column}__{_LOOKUPS[operator]}": rounded})


def text_condition(column: str, operator: Operator, values: tuple[Value, ...]) -> Q:
    """Of a column that is not null."""
    positive = NEGATIVES.get(operator)
    if positive is not None:
        return ~text_condition(column, positive, values)
    return _TEXT[operator](column, [str(one) for one in values])


_TEXT: dict[Operator, Callable[[str, list[str]], Q]] = {
    "=": lambda column, values: Q(**{column: values[0]}),
    "in": lambda column, values: Q(**{f"{column}__in": values}),
    "~": lambda column, values: Q(contains(column, values[0])),
    "like": lambda column, values: Q(like(column, values[0], ignore_case=False)),
    "ilike": lambda column, values: Q(like(column, values[0], ignore_case=True)),
}

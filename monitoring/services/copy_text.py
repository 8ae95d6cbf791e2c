"""Rows as text of PostgreSQL's COPY. Written by hand because it is a third of the work of taking a batch in: psycopg
dumps each value by itself, several times slower for rows with arrays.

Format: https://www.postgresql.org/docs/current/sql-copy.html (text) and arrays.html#ARRAYS-IO.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NULL = r"\N"
_SPECIAL = re.compile(r"[\\\t\n\r]")


def text(value: str) -> str:
    """Backslashes, tabs and ends of lines have a meaning in COPY, so they are escaped."""
    if _SPECIAL.search(value) is None:
        return value
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def number(value: float | None) -> str:
    """Shortest text that reads back as the same number; NaN and infinities are PostgreSQL's words too."""
    return NULL if value is None else str(value)


def texts(values: Sequence[str] | None) -> str:
    """A ``text[]``; each element in quotes, so that NULL, commas and spaces are nothing special."""
    if values is None:
        return NULL
    if not values:
        return "{}"
    inner = '","'.join(values)
    if _SPECIAL.search(inner) is None and inner.count('"') == 2 * (len(values) - 1):
        return f'{{"{inner}"}}'
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return text('{"' + '","'.join(quoted) + '"}')


def numbers(values: Sequence[float] | None) -> str:
    """A ``double precision[]``."""
    return NULL if values is None else "{" + ",".join(map(str, values)) + "}"

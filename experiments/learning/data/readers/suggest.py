"""Guesses which column is what, from names and values. Every answer is only a suggestion."""

from __future__ import annotations

import re
from collections.abc import Sequence

from experiments.learning.data.interactions import Feedback
from experiments.learning.data.readers.options import ColumnMapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES: dict[str, tuple[str, ...]] = {
    "user": _words(
        "user userid uid customer customerid member memberid reviewerid visitorid player playerid account accountid"
    ),
    "item": _words(
        "item itemid iid movie movieid book bookid product productid asin game gameid song songid track trackid "
        "article articleid sku business businessid isbn"
    ),
    "value": _words(
        "rating ratings score stars star value overall hours playtime plays playcount count quantity qty clicks "
        "views purchase purchases strength weight"
    ),
    "timestamp": _words("timestamp time date datetime ts createdat ratedat unixreviewtime eventtime at"),
}
KNOWN_NAMES = frozenset(name for names in _NAMES.values() for name in names)
_EVENT_NAMES = frozenset(_words("hours playtime plays playcount count quantity qty clicks views purchase purchases"))
_RATING_NAMES = frozenset(_words("rating ratings stars star"))
MOST_RATING_LEVELS = 21
"""Ten stars in half steps, with zero. More distinct values than that are counts or times, not ratings."""
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)


def suggest_mapping(columns: Sequence[str], rows: Sequence[Sequence[str]], *, has_header: bool) -> ColumnMapping | None:
    """The likeliest mapping by column names, or by position where there are none; None with fewer than two columns."""
    if len(columns) < 2:
        return None
    found = _by_name(columns) if has_header else {}
    if "user" not in found or "item" not in found:
        left = [column for column in columns if column not in found.values()]
        for role in ("user", "item"):
            if role not in found and left:
                found[role] = left.pop(0)
        if not has_header:
            found.update(_by_position(columns, rows))
    if "user" not in found or "item" not in found:
        return None
    values = _cells(columns, rows, found.get("value"))
    feedback = guess_feedback(found.get("value"), values)
    decimal = "," if any("," in cell and is_number(cell) for cell in values) else "."
    return ColumnMapping(
        user=found["user"],
        item=found["item"],
        value=found.get("value"),
        timestamp=found.get("timestamp"),
        feedback=feedback,
        decimal=decimal,
    )


def guess_feedback(column: str | None, values: Sequence[str]) -> Feedback:
    """Explicit where the values look like ratings: few levels, at most 100, more than one, and not named as a count."""
    if column is None or name_key(column) in _EVENT_NAMES:
        return "implicit"
    numbers = [float(cell.replace(",", ".")) for cell in values if is_number(cell)]
    levels = set(numbers)
    if name_key(column) in _RATING_NAMES:
        return "explicit"
    plausible = 1 < len(levels) <= MOST_RATING_LEVELS and min(levels) >= -10 and max(levels) <= 100
    return "explicit" if plausible else "implicit"


def _by_name(columns: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for role, names in _NAMES.items():
        for name in names:
            matches = [column for column in columns if name_key(column) == name and column not in found.values()]
            if matches:
                found[role] = matches[0]
                break
    return found


def _by_position(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in columns[2:4]:
        cells = _cells(columns, rows, column)
        numbers = [float(cell.replace(",", ".")) for cell in cells if is_number(cell)]
        if cells and len(numbers) == len(cells):
            times = min(numbers) > 10**8
            found.setdefault("timestamp" if times else "value", column)
    return found


def _cells(columns: Sequence[str], rows: Sequence[Sequence[str]], column: str | None) -> list[str]:
    if column is None:
        return []
    position = list(columns).index(column)
    return [row[position].strip() for row in rows if position < len(row) and row[position].strip()]


def is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell.strip()) is not None


def name_key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

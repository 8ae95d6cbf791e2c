"""Tokens → values of the type their field needs. Each raises QueryError saying what is accepted."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid

from experiments.query.attributes import ATTRIBUTES, Attribute
from experiments.query.errors import QueryError, nearest, shortened
from experiments.query.lexer import Token
from experiments.query.nodes import Ago, Day, Field, RecentDay, Value

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_UNITS = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86_400.0,
    "day": 86_400.0,
    "w": 604_800.0,
    "week": 604_800.0,
}
_LONG_UNITS = {"month": 30 * 86_400.0, "year": 365 * 86_400.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_LONGEST = 100 * 365 * 86_400.0
MAX_TEXT = 500
FIRST_YEAR, LAST_YEAR = 1970, 2200


def number(text: str) -> float | None:
    """A finite number such as 0.5, -3 or 1e-3; None for anything else, infinity and NaN among it."""
    if not NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def seconds(text: str) -> float | None:
    """ "90 s", "1 m 12 s", "2h", "90" (seconds); None for anything else."""
    if (plain := number(text)) is not None:
        return plain if 0 <= plain <= _LONGEST else None
    return _sum_of_pieces(text, _UNITS)


def _sum_of_pieces(text: str, units: dict[str, float]) -> float | None:
    place, total = 0, 0.0
    stripped = text.strip()
    while match := _PIECE.match(stripped, place):
        unit = match[2].lower()
        size = units.get(unit) or units.get(unit.removesuffix("s"))
        if size is None:
            return None
        total += float(match[1]) * size
        place = match.end()
    return total if stripped and place == len(stripped) and total <= _LONGEST else None


def moment(text: str) -> Value | None:
    """A day, a moment, or so long ago: 2026-11-01, 2026-11-01 14:30, "7 days ago", today, yesterday, now."""
    words = " ".join(text.lower().split())
    if words in _RELATIVE:
        return _RELATIVE[words]
    if words.endswith(" ago"):
        back = _sum_of_pieces(words.removesuffix(" ago"), {**_UNITS, **_LONG_UNITS})
        return Ago(dt.timedelta(seconds=back)) if back is not None else None
    match = _DATE.match(words)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    try:
        if match.end() == len(words):
            return Day(dt.date(int(match[1]), int(match[2]), int(match[3])))
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None


_RELATIVE: dict[str, Value] = {"now": Ago(dt.timedelta(0)), "today": RecentDay(0), "yesterday": RecentDay(1)}


def value_of(token: Token, field: Field) -> Value:
    """What a token after = > < … says for this field; text for everything that is not typed."""
    if field.kind == "metric":
        return _needed(number(token.text), token, f"{_named(field)} is a number: write one such as 0.5 or 1e-3")
    if field.kind == "parameter":
        plain = number(token.text) if token.kind == "word" else None
        return plain if plain is not None else text_of(token)
    if field.kind == "attribute":
        return _of_attribute(token, ATTRIBUTES[field.name])
    return text_of(token)


def ordered_value_of(token: Token, field: Field) -> Value:
    """The same after > >= < <=, which need something that has an order."""
    if field.kind == "parameter":
        found = number(token.text)
        return _needed(found, token, f"{_named(field)} is compared by size with a number such as 0.5 or 1e-3")
    return value_of(token, field)


def text_of(token: Token) -> str:
    if len(token.text) > MAX_TEXT:
        raise QueryError(
            f"This text is {len(token.text):,} characters long; up to {MAX_TEXT} are accepted.",
            token.position,
            token.length,
        )
    return token.text


def _of_attribute(token: Token, attribute: Attribute) -> Value:
    if attribute.kind == "choice":
        return _choice(token, attribute)
    if attribute.kind == "number":
        return _needed(number(token.text), token, f"{attribute.name} is a number: write one such as 42")
    if attribute.kind == "moment":
        return _needed(
            moment(token.text),
            token,
            f'{attribute.name} is a date: write "2026-11-01", "2026-11-01 14:30" or "7 days ago"',
        )
    if attribute.kind == "duration":
        found = seconds(token.text)
        length = dt.timedelta(seconds=found) if found is not None else None
        return _needed(length, token, f'{attribute.name} is a length of time: write "90 s" or "1 m 12 s"')
    if attribute.kind == "id":
        return _id(token)
    return text_of(token)


def _choice(token: Token, attribute: Attribute) -> str:
    lower = token.text.lower()
    found = dict(attribute.synonyms).get(lower, lower)
    if found in attribute.choices:
        return found
    near = nearest(token.text, [*attribute.choices, *dict(attribute.synonyms)])
    hint = f": did you mean {near}?" if near else "."
    raise QueryError(
        f"{attribute.name} cannot be {shortened(token.text)}{hint} It is one of {', '.join(attribute.choices)}.",
        token.position,
        token.length,
        near,
    )


def _id(token: Token) -> str:
    try:
        return str(uuid.UUID(token.text.strip()))
    except ValueError:
        message = (
            f"{shortened(token.text)} is not the id of a run, which looks like 0f8fad5b-d9cb-469f-a165-70867728950e."
        )
        raise QueryError(message, token.position, token.length) from None


def _needed(found: Value | None, token: Token, accepted: str) -> Value:
    if found is None:
        raise QueryError(f"{accepted}, not {shortened(token.text)!r}.", token.position, token.length)
    return found


def _named(field: Field) -> str:
    prefix = {"metric": "metrics", "parameter": "params"}.get(field.kind, "attributes")
    return ".".join(part for part in (prefix, field.protocol, shortened(field.name)) if part)

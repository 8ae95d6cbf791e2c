"""JSON that people typed, with the line of everything in it, so that an error can point at its place.

What Python's reader lets pass and a manifest must not is refused with its place as well: names said twice, NaN and
infinity, characters that no database stores, and depths no manifest needs.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

MAX_LENGTH = 200_000
MAX_DEPTH = 40

Path = tuple[str, ...]
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_WORDS = (
    ("Expecting ',' delimiter", "a comma is missing before this, or a bracket is not closed"),
    (
        "Expecting property name",
        "a name in double quotes is expected here; after the last entry there is no comma",
    ),
    ("Illegal trailing comma", "after the last entry there is no comma"),
    ("Expecting ':' delimiter", "a colon is expected between a name and its value"),
    ("Expecting value", 'a value is expected here: "text", a number, true, false, null, { or ['),
    ("Extra data", "the manifest has ended before this; nothing may follow it"),
    ("Unterminated string", "this text has no closing double quote"),
    ("Invalid control character", "a line break stands inside a text; write \\n instead, or close the quote"),
    ("Invalid \\", "this is no escape that JSON knows; a backslash itself is written \\\\"),
)


class JsonMistake(ValueError):
    """A text that is not one JSON object. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"Line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True)
class Place:
    line: int
    column: int
    exact: bool
    """False: the thing itself is not in the text; this is the nearest thing around it that is."""


@dataclass(frozen=True)
class LocatedJson:
    """``value`` as read, and the place of each entry by its path of names and numbers."""

    text: str
    value: dict[str, Any]
    places: dict[Path, tuple[int, int]] = field(repr=False)

    def place_of(self, dotted: str) -> Place:
        """Where the value at a dotted path stands. Names may hold dots themselves (``rated.f1_at_10``)."""
        path, exact = resolve(self.value, dotted)
        while path and path not in self.places:
            path, exact = path[:-1], False
        line, column = self.places.get(path, (1, 1))
        return Place(line, column, exact)


def read(text: str) -> LocatedJson:
    """Reads one JSON object.

    Raises:
        JsonMistake: with line and column of the first thing that cannot be read or must not be there.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_LENGTH:
        raise JsonMistake(f"a manifest has at most {MAX_LENGTH:,} characters; this has {len(text):,}", 1, 1)
    if not text.strip():
        raise JsonMistake("the manifest is empty; the least is {}", 1, 1)
    places = _places(text)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise JsonMistake(_said(error.msg), error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:
        raise JsonMistake("this cannot be read: a number is too long", 1, 1) from error
    if not isinstance(value, dict):
        raise JsonMistake("a manifest is an object: it begins with { and ends with }", *places.get((), (1, 1)))
    return LocatedJson(text, value, places)


def write(value: Any) -> str:
    """The text of a manifest as pages show it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def resolve(value: Any, dotted: str) -> tuple[Path, bool]:
    """The path of names that a dotted one means in ``value``, as far as it exists, and whether that is all of it.

    Names may hold dots; of several that fit the longest is meant.
    """
    path: list[str] = []
    rest = dotted
    while rest:
        if isinstance(value, dict):
            fitting = [key for key in value if rest == key or rest.startswith(f"{key}.")]
            key = max(fitting, key=len, default=None)
            if key is None:
                return tuple(path), False
            value = value[key]
        elif isinstance(value, list):
            key = rest.partition(".")[0]
            if not key.isdecimal() or int(key) >= len(value):
                return tuple(path), False
            value = value[int(key)]
        else:
            return tuple(path), False
        path.append(key)
        rest = rest[len(key) + 1 :]
    return tuple(path), True


def _said(message: str) -> str:
    return next((words for start, words in _WORDS if message.startswith(start)), message)


@dataclass
class _Level:
    path: Path
    is_object: bool
    names: set[str] = field(default_factory=set)
    name: str | None = None
    index: int = 0


def _places(text: str) -> dict[Path, tuple[int, int]]:
    """Place of each entry: of its name in an object, of itself in a list. Reads what it can of broken text, since
    the reader after it says what is broken."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places: dict[Path, tuple[int, int]] = {}
    levels: list[_Level] = []

    def at(position: int) -> tuple[int, int]:
        line = bisect_right(starts, position)
        return line, position - starts[line - 1] + 1

    for match in _TOKEN.finditer(text):
        token, place = match.group(), at(match.start())
        level = levels[-1] if levels else None
        if token in "}]":
            if levels:
                levels.pop()
        elif token == ",":
            if level is not None:
                level.index, level.name = level.index + 1, None
        elif token == ":":
            continue
        elif level is not None and level.is_object and level.name is None:
            if token[0] != '"':
                return places
            level.name = _name(token, place)
            if level.name in level.names:
                raise JsonMistake(f"{level.name} is said twice here; keep one of them", *place)
            level.names.add(level.name)
            places[(*level.path, level.name)] = place
        else:
            path = () if level is None else (*level.path, level.name if level.is_object else str(level.index))
            places.setdefault(path, place)  # type: ignore[arg-type]
            if token in "{[":
                if len(levels) >= MAX_DEPTH:
                    raise JsonMistake(f"this is deeper than {MAX_DEPTH} levels", *place)
                levels.append(_Level(path, token == "{"))  # type: ignore[arg-type]
            else:
                _check_value(token, place)
    return places


def _name(token: str, place: tuple[int, int]) -> str:
    _check_value(token, place)
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def _check_value(token: str, place: tuple[int, int]) -> None:
    """Raises JsonMistake for what Python reads and no database keeps."""
    if token in ("NaN", "Infinity", "-Infinity"):
        raise JsonMistake(f"{token} is no number that can be kept", *place)
    if token[0] == '"':
        try:
            json.loads(token, strict=False).encode().index(0)
        except UnicodeEncodeError:
            raise JsonMistake("this text holds half a character, which cannot be stored", *place) from None
        except ValueError:
            return
        raise JsonMistake("this text holds the character \\u0000, which cannot be stored", *place)
    if len(token) > 300:
        raise JsonMistake("this number is too long", *place)
    try:
        known = float(token)
    except (ValueError, OverflowError):
        return
    if math.isinf(known):
        raise JsonMistake(f"{token} is larger than any number that can be kept", *place)

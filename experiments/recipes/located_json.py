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
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
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
    """An object or a list that is open while the text is walked through."""

    path: Path
    is_object: bool
    names: set[str] = field(default_factory=set)
    name: str | None = None
    index: int = 0

    def wants_name(self) -> bool:
        return self.is_object and self.name is None

    def child(self) -> Path:
        return (*self.path, (self.name or "") if self.is_object else str(self.index))

    def following(self) -> None:
        self.index, self.name = self.index + 1, None

    def call(self, name: str, place: tuple[int, int]) -> Path:
        if name in self.names:
            raise JsonMistake(f"{name} is said twice here; keep one of them", *place)
        self.names.add(name)
        self.name = name
        return self.child()


def _places(text: str) -> dict[Path, tuple[int, int]]:
    """Place of each entry: of its name in an object, of itself in a list. Reads what it can of broken text, since
    the reader after it says what is broken."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places: dict[Path, tuple[int, int]] = {}
    levels: list[_Level] = []
    for match in _PIECE.finditer(text):
        line = bisect_right(starts, match.start())
        place = (line, match.start() - starts[line - 1] + 1)
        _take(match.group(), place, levels, places)
    return places


def _take(piece: str, place: tuple[int, int], levels: list[_Level], places: dict[Path, tuple[int, int]]) -> None:
    level = levels[-1] if levels else None
    if piece in ("}", "]"):
        if levels:
            levels.pop()
    elif piece == "," and level is not None:
        level.following()
    elif level is not None and level.wants_name() and piece[0] == '"':
        places[level.call(_name(piece, place), place)] = place
    elif piece not in (",", ":"):
        path = level.child() if level is not None else ()
        places.setdefault(path, place)
        if piece not in ("{", "["):
            _check_value(piece, place)
        elif len(levels) >= MAX_DEPTH:
            raise JsonMistake(f"this is deeper than {MAX_DEPTH} levels", *place)
        else:
            levels.append(_Level(path, piece == "{"))


def _name(piece: str, place: tuple[int, int]) -> str:
    _check_value(piece, place)
    try:
        return str(json.loads(piece))
    except ValueError:
        return piece


def _check_value(piece: str, place: tuple[int, int]) -> None:
    """Raises JsonMistake for what Python reads and no database keeps."""
    if piece in ("NaN", "Infinity", "-Infinity"):
        raise JsonMistake(f"{piece} is no number that can be kept", *place)
    if piece[0] == '"':
        try:
            json.loads(piece, strict=False).encode().index(0)
        except UnicodeEncodeError:
            raise JsonMistake("this text holds half a character, which cannot be stored", *place) from None
        except ValueError:
            return
        raise JsonMistake("this text holds the character \\u0000, which cannot be stored", *place)
    if len(piece) > 300:
        raise JsonMistake("this number is too long", *place)
    try:
        known = float(piece)
    except (ValueError, OverflowError):
        return
    if math.isinf(known):
        raise JsonMistake(f"{piece} is larger than any number that can be kept", *place)

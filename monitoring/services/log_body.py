"""Reading a request's rows: JSON object, JSON array or NDJSON, row by row, so that one bad row costs only itself.

What is right is decoded in one go. Only a body with something wrong in it is taken apart to say which row, which
field, which value, and what would be accepted.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from monitoring.services.log_forms import ACCEPTED

Form = TypeVar("Form", bound=msgspec.Struct)
SHOWN = 80
"""Characters of a refused value that the answer repeats."""
_PLACE = re.compile(r" - at `(?:key` in `)?\$\.?(\w*)")
_NAMED = re.compile(r"^Object (missing required|contains unknown) field `(.*)`")
_NOT_JSON = "is not JSON; accepted: an object, an array of objects, or one object a line (application/x-ndjson)"


class UnreadableBody(ValueError):
    """Nothing of the body can be read; the message says why."""


class TooManyRows(ValueError):
    """More rows than one request may have."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row (counted from 0) was refused."""

    row: int
    field: str
    value: str
    accepted: str


@dataclass(slots=True)
class Rows(Generic[Form]):
    """What was read: good rows with their place in the request, and problems of the others."""

    good: list[tuple[int, Form]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    sent: int = 0

    def refuse(self, row: int, name: str, value: object, accepted: str = "") -> None:
        self.problems.append(RowProblem(row, name, show(value), accepted or ACCEPTED.get(name, "")))


def read_rows(body: bytes, form: type[Form], *, lines: bool, limit: int) -> Rows[Form]:
    """Rows of ``body``: NDJSON with ``lines``, else an object or an array. Raises UnreadableBody and TooManyRows."""
    if not body.strip():
        raise UnreadableBody("is empty; accepted: an object, an array of objects, or one object a line")
    try:
        forms = _all_at_once(body, form, lines)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _one_by_one(_parts(body, lines), form, limit)
    if len(forms) > limit:
        raise TooManyRows(len(forms))
    return Rows(list(enumerate(forms)), sent=len(forms))


def show(value: object) -> str:
    """A value as the answer repeats it: short."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _all_at_once(body: bytes, form: type[Form], lines: bool) -> list[Form]:
    if lines:
        return msgspec.json.Decoder(form).decode_lines(body)
    if body.lstrip()[:1] == b"[":
        return msgspec.json.decode(body, type=list[form])  # type: ignore[valid-type]
    return [msgspec.json.decode(body, type=form)]


def _parts(body: bytes, lines: bool) -> list[Any]:
    """The rows of a body with something wrong in it: raw JSON, or what a more patient reader makes of it."""
    if lines:
        return [msgspec.Raw(line) for line in body.split(b"\n") if line.strip()]
    try:
        if body.lstrip()[:1] == b"[":
            return list(msgspec.json.decode(body, type=list[msgspec.Raw]))
        msgspec.json.decode(body, type=msgspec.Raw)
        return [msgspec.Raw(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _patiently(body, error)


def _patiently(body: bytes, error: Exception) -> list[Any]:
    """Python's own reader knows NaN and Infinity, which many senders write though JSON has none: then only the rows
    that have them are refused."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableBody(f"{_NOT_JSON}. {error}") from None
    return read if isinstance(read, list) else [read]


def _one_by_one(parts: list[Any], form: type[Form], limit: int) -> Rows[Form]:
    if len(parts) > limit:
        raise TooManyRows(len(parts))
    rows: Rows[Form] = Rows(sent=len(parts))
    decode = msgspec.json.Decoder(form).decode
    for row, part in enumerate(parts):
        try:
            if isinstance(part, msgspec.Raw):
                rows.good.append((row, decode(part)))
            else:
                _refuse_endless(rows, row, part, lambda given: msgspec.convert(given, form, strict=True))
        except msgspec.ValidationError as error:
            _explain(rows, row, part, str(error), form)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            given = bytes(part).decode(errors="replace") if isinstance(part, msgspec.Raw) else part
            rows.refuse(row, "", given, f"one JSON object: {error}")
    return rows


def _refuse_endless(rows: Rows[Form], row: int, part: Any, convert: Callable[[Any], Form]) -> None:
    """Take a row that Python's reader made, unless it has a number that is none."""
    for name, value in part.items() if isinstance(part, dict) else ():
        numbers = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        if any(isinstance(one, float) and not math.isfinite(one) for one in numbers):
            rows.refuse(row, str(name), value)
            return
    # Times and ids are texts here, which convert() reads as JSON's.
    rows.good.append((row, convert(part)))


def _explain(rows: Rows[Form], row: int, part: Any, message: str, form: type[Form]) -> None:
    named, place = _NAMED.match(message), _PLACE.search(message)
    given = part
    if isinstance(part, msgspec.Raw):
        given = json.loads(bytes(part), parse_constant=str)
    if named:
        name = named[2]
        unknown = f"no such field; accepted: {', '.join(form.__struct_fields__)}" if "unknown" in named[1] else ""
        rows.refuse(row, name, given.get(name, "") if isinstance(given, dict) else given, unknown)
        return
    name = place[1] if place else ""
    value = given.get(name, given) if isinstance(given, dict) and name else given
    rows.refuse(row, name, value, ACCEPTED.get(name, "") or f"one JSON object: {message}")

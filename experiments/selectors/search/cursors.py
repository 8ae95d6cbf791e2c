"""A place in an order as an opaque word of an address. Nothing in it is trusted: it is read by type or refused.

It needs no signature: whatever it says, it is compared with columns of the reader's own workspace as a parameter.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.selectors.search.lanes import KeyKind, Lane, Place

MAX_LENGTH = 8000
MAX_NUMBER = 10**9


class BrokenCursor(ValueError):
    """An address's place in the list that cannot be read, or that belongs to another order."""


@dataclass(frozen=True)
class Cursor:
    """``number`` is the run's in the list, counted from 1 as the pages before it were seen."""

    lane: str
    place: Place
    number: int


def write(signature: str, lanes: Sequence[Lane], cursor: Cursor) -> str:
    kinds = _kinds(lanes, cursor.lane)
    keys = [_WRITE[kind](value) for kind, value in zip(kinds, cursor.place.keys, strict=True)]
    content = json.dumps([signature, cursor.lane, keys, cursor.place.run.hex, cursor.number], ensure_ascii=False)
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read(signature: str, lanes: Sequence[Lane], text: str) -> Cursor:
    """Raises BrokenCursor for anything that ``write`` did not make for this order."""
    try:
        made_for, lane, keys, run, number = _content(text)
        if made_for != signature or not 0 < int(number) <= MAX_NUMBER:
            raise BrokenCursor("made for another order")
        kinds = _kinds(lanes, str(lane))
        values = tuple(_READ[kind](value) for kind, value in zip(kinds, keys, strict=True))
        return Cursor(str(lane), Place(values, uuid.UUID(hex=run)), int(number))
    except BrokenCursor:
        raise
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError) as error:
        raise BrokenCursor(f"not a place in a list: {error}") from error


def _content(text: str) -> list[Any]:
    if len(text) > MAX_LENGTH:
        raise BrokenCursor("too long")
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise BrokenCursor("not base64") from error
    content: list[Any] = json.loads(raw.decode("utf-8"))
    return content


def _kinds(lanes: Sequence[Lane], name: str) -> list[KeyKind]:
    lane = next((one for one in lanes if one.name == name), None)
    if lane is None:
        raise BrokenCursor("its part of the list is gone")
    return [key.kind for key in lane.keys]


def _number(text: Any) -> float:
    number = float(str(text))
    if math.isnan(number):
        raise BrokenCursor("NaN is no place")
    return number


def _integer(text: Any) -> int:
    number = int(str(text))
    if abs(number) >= 2**63:
        raise BrokenCursor("too large")
    return number


def _text(text: Any) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise BrokenCursor("no text")
    text.encode()
    return text


def _moment(text: Any) -> dt.datetime:
    moment = dt.datetime.fromisoformat(str(text))
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_READ: dict[KeyKind, Callable[[Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "text": _text,
    "moment": _moment,
    "duration": lambda text: dt.timedelta(microseconds=_integer(text)),
}
_WRITE: dict[KeyKind, Callable[[Any], str]] = {
    "number": repr,
    "integer": str,
    "text": str,
    "moment": lambda value: str(value.isoformat()),
    "duration": lambda value: str(value // dt.timedelta(microseconds=1)),
}

"""Frozen dataclasses as JSON and back, with errors that name the field, its value and what is accepted."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
JSON = Any


def to_json(value: Any) -> JSON:
    """Dataclasses and mappings as objects, tuples as lists, moments as ISO 8601 in UTC."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return utc(value, "moment").isoformat()
    if isinstance(value, tuple | list):
        return [to_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): to_json(one) for name, one in value.items()}
    return value


def from_json(kind: type[Record], data: JSON, where: str = "") -> Record:
    """A ``kind`` from what ``to_json`` gave. Fields that are left out take their defaults; unknown ones are refused."""
    if not isinstance(data, Mapping):
        raise _refused(where or kind.__name__.lower(), "an object", data)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    prefix = f"{where}." if where else ""
    for name in data:
        if name not in fields:
            raise ValueError(f"{prefix}{name}: no such field, {', '.join(fields)} are accepted, got {data[name]!r}.")
    found: dict[str, Any] = {}
    hints = _hints(kind)  # type: ignore[arg-type]
    for name, field in fields.items():
        if name in data:
            found[name] = _read(hints[name], data[name], f"{prefix}{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{prefix}{name}: a value is needed, got none.")
    return kind(**found)


def with_changes(data: JSON, changes: Mapping[str, Any], kind: str) -> JSON:
    """The same with other values by dotted names, e.g. {"drift.above": 0.4}; refused where there is no such field.

    ``data`` is changed too: hand over one that nobody else reads.
    """
    for name, value in changes.items():
        *outer, last = name.split(".")
        place: Any = data
        for part in outer:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            raise ValueError(f"{name}: no such field of a {kind}, got {value!r}.")
        place[last] = value
    return data


def utc(moment: datetime, name: str) -> datetime:
    """The same moment in UTC; refused without a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{name}: a moment with a time zone is accepted, got {moment.isoformat()}.")
    return moment.astimezone(UTC)


def between(name: str, value: float, least: float, most: float = math.inf, *, above: bool = False) -> None:
    """Refuses what is not finite or lies outside; ``above``: the least itself is refused too."""
    if math.isfinite(value) and least <= value <= most and not (above and value == least):
        return
    low = f"{'above' if above else 'at least'} {least:g}"
    high = "" if math.isinf(most) else f" and at most {most:g}"
    raise ValueError(f"{name}: a number {low}{high} is accepted, got {value!r}.")


def _refused(where: str, accepted: str, value: Any) -> ValueError:
    return ValueError(f"{where}: {accepted} is accepted, got {value!r}.")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(hint):
            return None
        return _read(next(one for one in get_args(hint) if one is not type(None)), value, where)
    if origin is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            raise ValueError(f"{where}: {', '.join(map(str, get_args(hint)))} are accepted, got {value!r}.")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _refused(where, "a list", value)
        return tuple(_read(get_args(hint)[0], one, f"{where}[{place}]") for place, one in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return from_json(hint, value, where)  # type: ignore[arg-type]
    return _SCALARS[hint](value, where)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(where, "a number", value)
    return float(value)


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(where, "a whole number", value)
    return value


def _yes_or_no(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _refused(where, "true or false", value)
    return value


def _words(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _refused(where, "text", value)
    return value


def _moment(value: Any, where: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(value), where)
    except (TypeError, ValueError):
        raise _refused(where, "a moment as 2026-01-31T02:00:00+00:00", value) from None


_SCALARS: dict[Any, Callable[[Any, str], Any]] = {
    float: _number,
    int: _whole,
    bool: _yes_or_no,
    str: _words,
    datetime: _moment,
}

"""Schedules in five cron fields: minute, hour, day of month, month, day of week. Only checked here, never run."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class _Field:
    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_ITEM = re.compile(r"(?P<from>\*|[a-z]+|\d{1,2})(-(?P<to>[a-z]+|\d{1,2}))?(/(?P<step>\d{1,2}))?", re.ASCII)


def check_cron(text: str) -> None:
    """Raises ValueError naming the field that is wrong and what it accepts.

    Accepted are ``*``, numbers, names of months and days, ranges, steps and lists of these: what crontab(5) and
    Celery's crontab both know. A day that never comes (30 February) is refused.
    """
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        fields = ", ".join(field.title for field in _FIELDS)
        raise ValueError(f"{text[:60]!r} has {len(parts)} fields; accepted: five ({fields}), such as 0 2 * * 1")
    values = [_values(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
    days, months = values[2], values[3]
    if parts[4] == "*" and all(min(days) > _LONGEST.get(month, 31) for month in months):
        raise ValueError(f"{text[:60]!r} names a day that never comes")


def _values(part: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for item in part.split(","):
        found |= _item(item, field)
    return found


def _item(item: str, field: _Field) -> set[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise _refused(item, field)
    if match["from"] == "*":
        if match["to"]:
            raise _refused(item, field)
        first, last = field.low, field.high
    else:
        first = _number(match["from"], field)
        last = _number(match["to"], field) if match["to"] else first
        if match["step"] and not match["to"]:
            raise _refused(item, field)  # 5/10 means different things to crontab and to Celery
    step = int(match["step"] or 1)
    if first > last or step < 1 or step > field.high:
        raise _refused(item, field)
    return set(range(first, last + 1, step))


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if not text.isdigit() or not field.low <= int(text) <= field.high:
        raise _refused(text, field)
    return int(text)


def _refused(item: str, field: _Field) -> ValueError:
    named = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return ValueError(
        f"{item[:20]!r} is no {field.title}; accepted: {field.low} to {field.high}{named}, *, ranges such as "
        f"{field.low}-{field.low + 4}, steps such as */2, and lists of these"
    )

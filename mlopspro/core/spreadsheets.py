"""Cells of CSV files that spreadsheets open: figures unrounded, times in UTC, and no text that runs as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""What OWASP ("CSV Injection") names, the full-width forms that some locales read alike included."""


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV file line by line, for streaming."""
    writer = csv.writer(_Echo())
    yield writer.writerow([cell(name) for name in header])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> str:
    """A value as it is written into a CSV file.

    None, NaN and infinity are empty; numbers have full precision; times are ISO 8601 in UTC; durations are seconds.
    Text that a spreadsheet would run as a formula gets an apostrophe before it; text that reads as a finite number,
    such as "-0.5", stays one.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return repr(value.total_seconds())
    if isinstance(value, (list, tuple)):
        return cell(", ".join(map(str, value)))
    return _defused(str(value))


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    # float() also takes "+1_0", a tab before and "-inf"; only what a spreadsheet reads as a plain number passes.
    try:
        known = math.isfinite(float(text))
    except ValueError:
        return False
    return known and set(text) <= set("+-.0123456789eE")

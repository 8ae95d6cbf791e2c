"""Days and times as people write them in tables, as Unix seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.learning.data.typed import to_seconds, to_text

TimeFormat = Literal["auto", "iso", "day_first", "month_first", "compact", "unix_s", "unix_ms"]
"""iso: 2024-05-31 with or without a time. day_first: 31.05.2024, 31/5/2024. month_first: 5/31/2024. compact: 20240531.
auto: iso, or seconds since 1970 (milliseconds and finer by their size)."""

EARLIEST, LATEST = -2_208_988_800, 4_102_444_800
"""1900-01-01 and 2100-01-01: other times are typing errors or another format."""
_NUMBERED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})((?:[ T]\d.*)?)")
_DASHED = re.compile(r"\d{4}-\d{1,2}")
_COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def seconds_of(column: Any, how: TimeFormat) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Unix seconds of an Arrow column, and which entries are times between 1900 and 2100."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        seconds, known = to_seconds(column, "auto")
    elif how in ("day_first", "month_first"):
        seconds, known = to_seconds(_rewritten(to_text(column), how), "iso")
    elif how == "compact":
        text = to_text(column)
        whole = pc.replace_substring_regex(text, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
        seconds, known = to_seconds(whole, "iso")
    else:
        seconds, known = to_seconds(column, how)  # type: ignore[arg-type]
    return seconds, known & (seconds >= EARLIEST) & (seconds <= LATEST)


def guess(cells: Sequence[str], share: float = 1.0) -> TimeFormat | None:
    """How at least this share of the texts write days; None where they do not.

    Day and month are told apart by a number above twelve; where there is none, the day is taken to come first.
    """
    needed = share * len(cells)
    if not cells:
        return None
    if sum(1 for cell in cells if _COMPACT.fullmatch(cell)) >= needed:
        return "compact"
    numbered = [match for match in map(_NUMBERED.fullmatch, cells) if match]
    if len(numbered) >= needed:
        first = sum(1 for match in numbered if int(match[1]) > 12)
        second = sum(1 for match in numbered if int(match[2]) > 12)
        return "month_first" if second > first else "day_first"
    dashed = [cell for cell in cells if _DASHED.match(cell)]
    if len(dashed) >= needed and int(to_seconds(pa.array(dashed), "iso")[1].sum()) >= needed:
        return "iso"
    return None


def _rewritten(text: Any, how: TimeFormat) -> Any:
    """31.05.2024 08:00 as 2024-05-31 08:00; what is not of that form stays, and is refused later."""
    day, month = (1, 2) if how == "day_first" else (2, 1)

    def iso(cell: str) -> str:
        found = _NUMBERED.fullmatch(cell)
        if found is None:
            return cell if not cell.isdigit() else ""
        return f"{found[3]}-{int(found[month]):02d}-{int(found[day]):02d}{found[4]}"

    encoded = text.dictionary_encode()
    distinct = pa.array([iso(cell) for cell in encoded.dictionary.to_pylist()], pa.string())
    return distinct.take(encoded.indices)

"""Components for work that is going on: progress with its estimate, and the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from mlopspro.core import formats
from mlopspro.core.components.registry import component


@component()
def progress(
    share: Any = None, *, label: str, eta: dt.timedelta | float | None = None, detail: str = "", tone: str = "info"
) -> dict[str, Any]:
    """How far something is (0 to 1, None = under way without a known length), with words and the time left."""
    known = formats.as_float(share)
    known = None if known is None else min(1.0, max(0.0, known))
    return {
        "label": label,
        "value": known,
        "percent": "" if known is None else formats.share(known, 0),
        "eta": "" if eta is None else formats.duration(eta),
        "detail": detail,
        "tone": tone,
    }


@component()
def log_tail(
    lines: Iterable[Any],
    *,
    id: str = "log",  # noqa: A002
    title: str = "Log",
    download: str = "",
    live: bool = False,
    poll: str = "",
    empty: str = "Nothing logged yet.",
    note: str = "",
) -> dict[str, Any]:
    """The last lines of a log; follows while ``live`` until the reader scrolls up.

    Args:
        lines: texts, or anything with text and, where known, level (debug, info, warning, error) and at.
        poll: address of the fragment that appends new lines; asked every 2 s while live.
        download: address of the whole log.
    """
    found = [line if hasattr(line, "text") or isinstance(line, dict) else {"text": str(line)} for line in lines]
    return {
        "lines": found,
        "id": id,
        "title": title,
        "download": download,
        "live": live,
        "poll": poll,
        "empty": empty,
        "note": note,
    }

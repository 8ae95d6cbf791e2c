"""How numbers, times and ids are written, once for every page.

Pure functions from a value to a short text; full precision stays in exports and in tooltips. Undefined values
(None, NaN, infinity) become an en dash, never "nan" and never 0.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, Literal

UNDEFINED = "–"
THIN_SPACE = "\u202f"
"""Narrow no-break space: groups thousands and stands between a number and its unit, and never breaks a line."""
MINUS = "\u2212"
TIMES = "\u00d7"
SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")

Better = Literal["higher", "lower", "neither"]


def as_float(value: Any) -> float | None:
    """The value as a finite float, or None where there is none (None, "", NaN, infinity, words)."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number(value: Any, decimals: int = 0) -> str:
    """Thousands in groups of three: 100836 → "100 836" (with narrow no-break spaces)."""
    known = as_float(value)
    if known is None:
        return UNDEFINED
    text = f"{abs(known):,.{decimals}f}".replace(",", THIN_SPACE)
    return MINUS + text if known < 0 and float(f"{known:.{decimals}f}") != 0 else text


def metric(value: Any, digits: int = 3) -> str:
    """A metric to ``digits`` significant digits, trailing zeros kept so that columns align.

    0.3729 → "0.373", 1 → "1.00", 0 → "0", 1234.5 → "1 234", 0.0000123 → "1.23 × 10⁻⁵". The integer part is never
    rounded away.
    """
    known = as_float(value)
    if known is None:
        return UNDEFINED
    if known == 0:
        return "0"
    rounded, _, power = f"{known:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if exponent < -4 or exponent > 14:
        mantissa = number(rounded, digits - 1)
        return f"{mantissa}{THIN_SPACE}{TIMES}{THIN_SPACE}10{str(exponent).translate(SUPERSCRIPTS)}"
    return number(known, max(0, digits - 1 - exponent))


def interval(value: Any, half_width: Any) -> str:
    """A value with its uncertainty, both to the same decimals: "0.373 ± 0.006"."""
    known, half = as_float(value), as_float(half_width)
    if known is None or half is None:
        return metric(known)
    shown = metric(known)
    decimals = len(shown.partition(".")[2]) if TIMES not in shown else 3
    return f"{shown} ± {number(half, decimals)}"


def share(value: Any, decimals: int = 1) -> str:
    """A share from 0 to 1 as per cent: 0.1237 → "12.4 %". A rest that would round to 0 or 100 says so ("< 0.1 %")."""
    known = as_float(value)
    if known is None:
        return UNDEFINED
    step = 10.0 ** -(decimals + 2)
    if 0 < known < step / 2:
        return f"<{THIN_SPACE}{number(step * 100, decimals)}{THIN_SPACE}%"
    if 1 - step / 2 < known < 1:
        return f">{THIN_SPACE}{number((1 - step) * 100, decimals)}{THIN_SPACE}%"
    return f"{number(known * 100, decimals)}{THIN_SPACE}%"


def money(value: Any, currency: str = "$") -> str:
    """An amount with two decimals: 59.9 → "$59.90"."""
    known = as_float(value)
    if known is None:
        return UNDEFINED
    text = number(known, 2)
    return f"{MINUS}{currency}{text[1:]}" if text.startswith(MINUS) else f"{currency}{text}"


def filesize(value: Any) -> str:
    """Bytes in decimal units, three significant digits: 1234567 → "1.23 MB"."""
    known = as_float(value)
    if known is None:
        return UNDEFINED
    if abs(known) < 1000:
        return f"{number(known)}{THIN_SPACE}B"
    for unit in ("kB", "MB", "GB", "TB"):
        known /= 1000
        if abs(known) < 999.5 or unit == "TB":
            break
    return f"{metric(known)}{THIN_SPACE}{unit}"


def duration(value: Any) -> str:
    """Seconds or a timedelta in its two largest units: "240 ms", "3.2 s", "1 m 12 s", "2 h 5 m", "3 d 4 h"."""
    seconds = as_float(value.total_seconds() if isinstance(value, dt.timedelta) else value)
    if seconds is None:
        return UNDEFINED
    if seconds < 0:
        return MINUS + duration(-seconds)
    if seconds < 0.9995:
        return f"{number(seconds * 1000)}{THIN_SPACE}ms"
    if seconds < 9.95:
        return f"{number(seconds, 1)}{THIN_SPACE}s"
    for size, unit, smaller_size, smaller in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        rounded = round(seconds / smaller_size) * smaller_size
        if rounded >= size:
            rest = int(rounded % size // smaller_size)
            whole = f"{number(rounded // size)}{THIN_SPACE}{unit}"
            return f"{whole}\u00a0{rest}{THIN_SPACE}{smaller}" if rest else whole
    return f"{number(seconds)}{THIN_SPACE}s"


def relative_time(when: dt.datetime, now: dt.datetime) -> str:
    """How long ago, or in how long: "just now", "3 min ago", "in 2 h". Both time-zone aware."""
    seconds = (now - when).total_seconds()
    ahead = seconds < 0
    seconds = abs(seconds)
    if seconds < 10:
        return "just now" if not ahead else "in a moment"
    for size, unit in ((31_557_600, "y"), (2_629_800, "mo"), (86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            text = f"{int(seconds // size)}{THIN_SPACE}{unit}"
            return f"in {text}" if ahead else f"{text} ago"
    return "just now"


def exact_time(when: dt.datetime) -> str:
    """The moment to the second with its zone: "2026-11-21 02:05:09 UTC"."""
    return when.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def short_id(value: Any) -> str:
    """The first eight characters of an id or digest."""
    return str(value)[:8]


@dataclass(frozen=True)
class Change:
    """A difference in words: "▲ 0.012", and whether that is better, worse or neither."""

    text: str
    verdict: Literal["better", "worse", "same"]
    words: str


def change(difference: Any, better: Better = "higher", digits: int = 2) -> Change:
    """Arrow by direction, verdict by what is better for this metric; an undefined difference has no arrow."""
    known = as_float(difference)
    if known is None:
        return Change(UNDEFINED, "same", "no change known")
    if known == 0:
        return Change("= 0", "same", "no change")
    size = metric(abs(known), digits)
    up = known > 0
    verdict: Literal["better", "worse", "same"] = "same"
    if better != "neither":
        verdict = "better" if up == (better == "higher") else "worse"
    word = {"better": ", better", "worse": ", worse", "same": ""}[verdict]
    return Change(f"{'▲' if up else '▼'} {size}", verdict, f"{'up' if up else 'down'} {size}{word}")

"""Judges the rows of a chunk by the roles of its columns: typed arrays, and a reason for each bad row.

What a role refuses: a time that is none or lies outside 1900 to 2100; a target, price, quantity, latitude or longitude
that is no number (missing included), a price not above 0, a quantity below 0, a place off the earth; an outcome other
than 0 or 1; a missing action, product, series or customer. A numeric feature may be missing, but not be text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.learning.data.rows import MAX_ID_CHARACTERS, Verdict
from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.reading import TableChunk
from experiments.learning.data.tables.times import seconds_of
from experiments.learning.data.typed import to_numbers, to_text

LARGEST = 1e12
_MISSING = frozenset(("", "nan", "null", "none", "na", "n/a", "\\n", "-"))
_MISSING_NAME = frozenset(("", "nan", "null", "\\n"))
"""Of an action "none" is a value: nothing was done."""
_TRUE, _FALSE = frozenset(("1", "1.0", "true", "yes", "t", "y")), frozenset(("0", "0.0", "false", "no", "f", "n"))
_NUMBER_ROLES = ("target", "price", "quantity", "latitude", "longitude")
_NAME_ROLES = ("action", "product", "unit", "series")


def judge(chunk: TableChunk, options: TableOptions, role: dict[str, str]) -> tuple[dict[str, Any], Verdict]:
    """Converted columns (float64, Unix seconds, or Arrow text), all rows, and what is wrong with which of them."""
    verdict = Verdict(len(chunk.line))
    converted = {
        name: _convert(name, column, role.get(name, ""), options, verdict) for name, column in chunk.columns.items()
    }
    return converted, verdict


def _convert(name: str, column: Any, role: str, options: TableOptions, verdict: Verdict) -> Any:
    if role == "time":
        seconds, known = seconds_of(column, options.time_format)
        verdict.refuse(~known, f"{name} is not a time between 1900 and 2100")
        return seconds
    if role == "outcome":
        return _outcome(name, column, verdict)
    if role in _NUMBER_ROLES or role == "numeric":
        return _number(name, column, role, options, verdict)
    if role in _NAME_ROLES:
        return _name(name, column, verdict)
    if role == "categorical":
        return _kind(to_text(column))
    return column


def _number(name: str, column: Any, role: str, options: TableOptions, verdict: Verdict) -> NDArray[np.float64]:
    values = to_numbers(column, options.decimal)
    missing = _among(column, _MISSING)
    if role == "numeric":
        verdict.refuse(np.isnan(values) & ~missing, f"{name} is not a number")
    else:
        verdict.refuse(missing, f"{name} is missing")
        verdict.refuse(np.isnan(values), f"{name} is not a number")
    verdict.refuse(np.abs(values) > LARGEST, f"{name} is infinite or beyond {LARGEST:,.0f}")
    if role == "price":
        verdict.refuse(values <= 0, f"{name} is not above 0")
    elif role == "quantity":
        verdict.refuse(values < 0, f"{name} is below 0")
    elif role in ("latitude", "longitude"):
        limit = 90 if role == "latitude" else 180
        verdict.refuse(np.abs(values) > limit, f"{name} is outside -{limit} to {limit}")
    return values


def _outcome(name: str, column: Any, verdict: Verdict) -> NDArray[np.float64]:
    encoded = to_text(column).dictionary_encode()
    words = [text.lower() for text in encoded.dictionary.to_pylist()]
    known = np.array([1.0 if word in _TRUE else 0.0 if word in _FALSE else np.nan for word in words], dtype=np.float64)
    values: NDArray[np.float64] = known[encoded.indices.to_numpy(zero_copy_only=False)] if words else np.empty(0)
    verdict.refuse(np.isnan(values), f"{name} is neither 0 nor 1")
    return values


def _name(name: str, column: Any, verdict: Verdict) -> Any:
    text = to_text(column)
    verdict.refuse(_among(text, _MISSING_NAME), f"{name} is missing")
    too_long = pc.greater(pc.utf8_length(text), MAX_ID_CHARACTERS)
    verdict.refuse(_mask(too_long), f"{name} is longer than {MAX_ID_CHARACTERS} characters")
    return text


def _kind(text: Any) -> Any:
    """Text of a feature, null where there is none."""
    return pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=pa.array(sorted(_MISSING))), None, text)


def _among(column: Any, words: frozenset[str]) -> NDArray[np.bool_]:
    text = to_text(column)
    return _mask(pc.is_in(pc.utf8_lower(text), value_set=pa.array(sorted(words))))


def _mask(column: Any) -> NDArray[np.bool_]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)

"""Columns as they come (text, numbers, times, dictionaries) to identifiers, numbers and seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.learning.data.readers.options import TimestampFormat

LATEST_SECOND = 4_102_444_800
"""2100-01-01: later times are typing errors or another unit."""
_MILLISECONDS_FROM = 1e11
_MICROSECONDS_FROM = 1e14
_NANOSECONDS_FROM = 1e17


def to_text(column: Any) -> Any:
    """Any column as an Arrow string array without surrounding blanks; null becomes the empty text, 12.0 becomes 12."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_floating(kind):
        numbers = column.to_numpy(zero_copy_only=False)
        texts = [
            "" if number != number else str(int(number)) if float(number).is_integer() else repr(float(number))
            for number in numbers
        ]
        return pa.array(texts, pa.string())
    if pa.types.is_large_string(kind):
        column = column.cast(pa.string())
    elif not pa.types.is_string(kind):
        column = (
            column.cast(pa.string())
            if _castable(kind)
            else pa.array([_plain(x) for x in column.to_pylist()], pa.string())
        )
    return pc.utf8_trim_whitespace(pc.fill_null(column, ""))


def to_numbers(column: Any, decimal: str = ".") -> NDArray[np.float64]:
    """Any column as float64, NaN for what is no number. Good columns go through Arrow in one step."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        if pa.types.is_boolean(kind):
            column = column.cast(pa.int8())
        return np.asarray(pc.fill_null(column.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False))
    text = to_text(column)
    if decimal == ",":
        text = pc.replace_substring(text, ",", ".")
    try:
        return np.array(text.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        pass  # some cell is no number: find out which
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary
    if not len(distinct):
        return np.zeros(0)
    numbers = pd.to_numeric(pd.Series(distinct.to_numpy(zero_copy_only=False), dtype="str"), errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan)[encoded.indices.to_numpy()])


def to_seconds(column: Any, how: TimestampFormat) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Unix seconds of any column, and which entries could be read; unreadable ones are 0.

    Numbers are seconds, milliseconds, microseconds or nanoseconds by their size (each entry by itself), unless ``how``
    fixes the unit. Text is tried as a number first, then as ISO 8601; times without a zone are UTC.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        seconds = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        known = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))
        return np.asarray(pc.fill_null(seconds, 0).to_numpy(zero_copy_only=False)) // 1_000_000, known
    if how != "iso":
        numbers = to_numbers(column)
        if how != "auto" or not np.isnan(numbers).all() or not len(numbers):
            if how == "auto" and np.isnan(numbers).any():
                return _merge(_from_numbers(numbers, how), _from_iso(to_text(column)))
            return _from_numbers(numbers, how)
    return _from_iso(to_text(column))


def _from_numbers(numbers: NDArray[np.float64], how: TimestampFormat) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    known = np.isfinite(numbers)
    size = np.where(known, numbers, 0.0)
    if how == "unix_ms":
        size = size / 1e3
    elif how == "auto":
        unit = np.select(
            [size >= _NANOSECONDS_FROM, size >= _MICROSECONDS_FROM, size >= _MILLISECONDS_FROM], [1e9, 1e6, 1e3], 1.0
        )
        size = size / unit
    # Beyond any real time, and within int64: kept so that the caller can call it absurd.
    return np.floor(np.clip(size, -1e15, 1e15)).astype(np.int64), known


def _from_iso(text: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    encoded = text.dictionary_encode()
    distinct = pd.Series(encoded.dictionary.to_numpy(zero_copy_only=False), dtype="str")
    times = pd.to_datetime(distinct, format="ISO8601", utc=True, errors="coerce")
    known = times.notna().to_numpy()
    seconds = times.dt.as_unit("s").astype("int64").to_numpy() if len(times) else np.zeros(0, np.int64)
    codes = encoded.indices.to_numpy()
    return np.where(known, seconds, 0)[codes], known[codes]


def _merge(
    numbers: tuple[NDArray[np.int64], NDArray[np.bool_]], texts: tuple[NDArray[np.int64], NDArray[np.bool_]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    return np.where(numbers[1], numbers[0], texts[0]), numbers[1] | texts[1]


def _castable(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_temporal(kind)
    )


def _plain(value: object) -> str:
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

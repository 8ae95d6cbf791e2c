"""Columns as they are stored: those with a role by that role, the others by what all of their cells are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.times import guess, seconds_of
from experiments.learning.data.typed import to_numbers, to_text

_LOOKED_AT = 1_000


def typed_columns(parts: dict[str, list[Any]], role: dict[str, str], options: TableOptions) -> pd.DataFrame:
    """The chunks of each column joined: numbers float64, times in UTC, everything else text."""
    return pd.DataFrame({name: _joined(chunks, role.get(name, ""), options) for name, chunks in parts.items()})


def _joined(chunks: list[Any], role: str, options: TableOptions) -> pd.Series[Any]:
    if isinstance(chunks[0], np.ndarray):
        values = np.concatenate(chunks)
        return _times(values, np.ones(len(values), bool)) if role == "time" else pd.Series(values)
    column = pa.chunked_array(chunks).combine_chunks()
    if role:
        return pd.Series(column.to_pandas()).astype("str")
    return _guessed(column, options)


def _guessed(column: Any, options: TableOptions) -> pd.Series[Any]:
    """A number where every filled cell is one, a time where every filled cell is written as one, text otherwise."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _times(*seconds_of(column, "auto"))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return _finite(to_numbers(column))
    text = to_text(column)
    filled = np.asarray(pc.greater(pc.utf8_length(text), 0).to_numpy(zero_copy_only=False), dtype=bool)
    if filled.any():
        numbers = to_numbers(text, options.decimal)
        how = guess(text.filter(pa.array(filled))[:_LOOKED_AT].to_pylist())
        if how is not None:
            seconds, known = seconds_of(text, how)
            if (known == filled).all():
                return _times(seconds, known)
        if not np.isnan(numbers[filled]).any():
            return _finite(numbers)
    series = pd.Series(text.to_pandas()).astype("str")
    return series.where(pd.Series(filled))


def _finite(numbers: Any) -> pd.Series[Any]:
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan))


def _times(seconds: Any, known: Any) -> pd.Series[Any]:
    times = pd.Series(pd.to_datetime(seconds, unit="s", utc=True)).dt.as_unit("us")
    return times.where(pd.Series(known))

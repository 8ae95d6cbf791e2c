"""Columns of a table as arrays, or a TableError that names column, row and value. One reading for all families."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.errors import shorten
from experiments.learning.tabular.base import Floats, TableError

LARGEST = 1e100
"""Largest size of a number: squares and sums of such numbers are still finite."""
MICROSECONDS_A_DAY = 86_400_000_000

Texts = NDArray[Any]
"""Array of str, dtype object: one long text does not make every row as wide."""


def require(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    """One column. Raises TableError naming it, and what there is, where the table lacks it."""
    if column in frame.columns:
        return frame[column]
    there = shorten(", ".join(map(str, frame.columns)), 300) or "no column"
    raise TableError(f"The table has no column {column!r}. Accepted: a table with it (it has: {there}).")


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Finite numbers, NaN where there is none. Text that reads as a number is one; true is 1 and false 0.

    Raises TableError for a missing column, a date, other text, or a number beyond 1e100.
    """
    series = require(frame, column)
    if pd.api.types.is_datetime64_any_dtype(series) or pd.api.types.is_timedelta64_dtype(series):
        raise TableError(f"{column} holds dates. Accepted: numbers.")
    if pd.api.types.is_numeric_dtype(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        given = series.mask(series.astype("str").str.strip() == "")
        parsed = pd.to_numeric(given, errors="coerce")
        _refuse(series, (parsed.isna() & given.notna()).to_numpy(), "a number, or nothing")
        values = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(series, np.abs(values) > LARGEST, f"a number within ±{LARGEST:g}, or nothing")
    return np.asarray(values, dtype=np.float64)


def known_numbers(frame: pd.DataFrame, column: str) -> Floats:
    """As ``numbers``; raises TableError where one is missing too. For targets, prices, quantities and places."""
    values = numbers(frame, column)
    _refuse(frame[column], np.isnan(values), "a number in every row")
    return values


def texts(frame: pd.DataFrame, column: str) -> Texts:
    """Kinds as text, "" where there is none. 3 and 3.0 are the same kind, written "3"."""
    series = require(frame, column)
    if isinstance(series.dtype, pd.StringDtype):
        return np.asarray(series.fillna("").to_numpy(dtype=object))
    codes, kinds = pd.factorize(series.astype(object), use_na_sentinel=True)
    written = np.array([*(_text(kind) for kind in kinds), ""], dtype=object)
    return np.asarray(written[codes])


def times(frame: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """Microseconds since 1970 UTC; days and times without a zone are UTC. Raises TableError for anything else."""
    series = require(frame, column)
    if pd.api.types.is_numeric_dtype(series):
        raise TableError(f"{column} holds numbers. Accepted: days or times, such as 2024-05-31.")
    if pd.api.types.is_datetime64_any_dtype(series):
        parsed = pd.to_datetime(series, utc=True)
    else:
        parsed = pd.to_datetime(series.astype("str"), utc=True, format="ISO8601", errors="coerce")
    _refuse(series, parsed.isna().to_numpy(), "a day or time in every row, such as 2024-05-31")
    return np.asarray(parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64))


def days(frame: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """Days since 1970-01-01 UTC of each row, as ``times`` reads them."""
    return times(frame, column) // MICROSECONDS_A_DAY


def day_name(day: int) -> str:
    """The ISO date of a number of days since 1970."""
    return str(np.datetime64(int(day), "D"))


def _refuse(series: pd.Series[Any], wrong: NDArray[Any], accepted: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        value = shorten(str(series.iloc[row]))
        raise TableError(f"{series.name} is {value!r} in row {row + 1}. Accepted: {accepted}.")


def _text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)

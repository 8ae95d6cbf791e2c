"""A table with roles on disk: one Parquet file in a folder that appears as a whole or not at all.

Rows are stored in canonical order - by time, then by the other columns by name - so that the same content is split and
trained on in one order, however the rows of the file stood.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.fingerprint import table_fingerprint
from experiments.learning.data.snapshot import REFUSED, Snapshot, described
from experiments.learning.data.staging import new_folder, write_parquet

TABLE = "table.parquet"
_METADATA_KEY = b"mlopspro"
_FORMAT_VERSION = 1


def write_table(frame: pd.DataFrame, refused: pd.DataFrame, folder: Path) -> Snapshot:
    """Writes ``folder`` with table.parquet and, where a row was refused, refused.parquet.

    The digest is of the content: the same rows in another order, or with columns in another order, have the same.

    Raises:
        DatasetError: the folder exists (snapshots are never overwritten), or the table has no row or column.
    """
    if frame.empty:
        raise DatasetError("table", "holds no rows", accepted="at least one row and one column")
    stored = canonical(frame)
    table = pa.Table.from_pandas(stored, preserve_index=False)
    meta = json.dumps({"version": _FORMAT_VERSION}).encode()
    with new_folder(folder) as staging:
        write_parquet(
            staging / TABLE, table.replace_schema_metadata({**(table.schema.metadata or {}), _METADATA_KEY: meta})
        )
        if len(refused):
            write_parquet(staging / REFUSED, pa.Table.from_pandas(refused, preserve_index=False))
    return described(folder, table_fingerprint(stored))


def read_table(folder: Path) -> pd.DataFrame:
    """The table of a snapshot, in the order in which it is stored: numbers float64, times UTC, the rest text.

    Raises:
        DatasetError: the folder holds no table, or a damaged one.
    """
    try:
        table = pq.read_table(folder / TABLE)
        version = json.loads(table.schema.metadata[_METADATA_KEY])["version"]
        if version != _FORMAT_VERSION:
            raise DatasetError(
                "snapshot", "was written by another version", value=version, accepted=str(_FORMAT_VERSION)
            )
        return typed(table.to_pandas())
    except DatasetError:
        raise
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            "snapshot", f"cannot be read: {error}", value=folder.name, accepted="an undamaged snapshot of a table"
        ) from error


def first_rows(folder: Path, count: int) -> pd.DataFrame:
    """The first rows of a snapshot, read without the rest of it.

    Raises:
        DatasetError: as :func:`read_table`.
    """
    try:
        with pq.ParquetFile(folder / TABLE) as file:
            batch = next(file.iter_batches(batch_size=count), None)
            return typed((batch if batch is not None else file.schema_arrow.empty_table()).to_pandas())
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DatasetError(
            "snapshot", f"cannot be read: {error}", value=folder.name, accepted="an undamaged snapshot of a table"
        ) from error


def canonical(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with its stored types and its rows in stored order: times first, then the columns by name."""
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DatasetError("columns", "have a name twice", value=twice, accepted="columns with different names")
    table = typed(frame)
    keys = sorted(table.columns, key=lambda name: (not isinstance(table[name].dtype, pd.DatetimeTZDtype), name))
    return table.sort_values(keys, kind="stable", ignore_index=True)


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers and truth values as float64, times as microseconds in UTC, everything else as text; missing as NaN."""
    return pd.DataFrame({str(name): _typed(frame[name]) for name in frame.columns})


def _typed(cells: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        times = pd.to_datetime(cells, utc=True).dt.as_unit("us")
        return pd.Series(times.array)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        # One zero: -0.0 is the same to people and to a model, and must not give another order.
        return pd.Series(cells.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0)
    return cells.astype("str").reset_index(drop=True)

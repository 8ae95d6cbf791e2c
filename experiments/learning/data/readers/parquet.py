"""Parquet, a batch of rows at a time. A "line" is the row's number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import first_bytes
from experiments.learning.data.readers.base import (
    RAW_CHARACTERS,
    Chunk,
    Detected,
    Files,
    Opened,
    Reader,
    interaction_files,
)
from experiments.learning.data.readers.columns import mapped, require_columns
from experiments.learning.data.readers.detect import SHOWN_ROWS
from experiments.learning.data.readers.feature_files import opener
from experiments.learning.data.readers.json_objects import shown_text
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.learning.data.readers.suggest import guess_feedback, suggest_mapping

KEY = "parquet"
BATCH_ROWS = 131_072
SAMPLE_ROWS = 2_000


def open_parquet(path: Path) -> Any:
    """The open file; a DatasetError where it is missing or damaged."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            "file", f"cannot be read as Parquet: {error}", value=path.name, accepted="an undamaged Parquet file"
        ) from error


def batches(path: Path, columns: list[str], rows: int = BATCH_ROWS) -> Iterator[Any]:
    """Record batches of these columns."""
    file = open_parquet(path)
    try:
        yield from file.iter_batches(batch_size=rows, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            "file", f"is damaged: {error}", value=path.name, accepted="an undamaged Parquet file"
        ) from error
    finally:
        file.close()


def sample(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Column names and the first rows as text."""
    with open_parquet(path) as file:
        names = tuple(file.schema_arrow.names)
    if not names:
        return names, ()
    batch = next(batches(path, list(names), SAMPLE_ROWS), None)
    if batch is None:
        return names, ()
    rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
    return names, tuple(tuple(map(shown_text, row)) for row in rows)


def detect(path: Path, options: ReadOptions) -> Detected:
    names, rows = sample(path)
    mapping = suggest_mapping(names, rows, has_header=True)
    return Detected(
        format=KEY,
        encoding=None,
        separator=None,
        has_header=True,
        columns=names,
        sample_rows=rows[:SHOWN_ROWS],
        mapping=mapping,
        feedback=mapping.feedback if mapping else guess_feedback(None, ()),
    )


def open_files(files: Files, options: ReadOptions) -> Opened:
    names, rows = sample(files["interactions"])
    mapping = options.mapping or suggest_mapping(names, rows, has_header=True)
    if mapping is None:
        raise DatasetError("columns", "too few", value=", ".join(names), accepted="at least a user and an item column")
    return Opened(mapping, _chunks(files, mapping), opener(files, "users", options), opener(files, "items", options))


def _chunks(files: Files, mapping: ColumnMapping) -> Iterator[Chunk]:
    for path, part in interaction_files(files):
        yield from _of_file(path, mapping, part)


def _of_file(path: Path, mapping: ColumnMapping, part: int | None) -> Iterator[Chunk]:
    with open_parquet(path) as file:
        require_columns(mapping, file.schema_arrow.names, path.name)
    roles = mapped(mapping)
    row = 1
    for batch in batches(path, list(dict.fromkeys(roles.values()))):
        fields = {role: batch.column(column) for role, column in roles.items()}
        yield Chunk(
            file=path.name,
            line=np.arange(row, row + batch.num_rows, dtype=np.int64),
            user=fields["user"],
            item=fields["item"],
            value=fields.get("value"),
            timestamp=fields.get("timestamp"),
            part=fields.get("part") if part is None else pa.array(np.full(batch.num_rows, part, np.int8)),
            raw=lambda j, batch=batch: _row_text(batch, j),  # type: ignore[misc]
        )
        row += batch.num_rows


def _row_text(batch: Any, row: int) -> str:
    return " | ".join(str(column[row].as_py()) for column in batch.columns)[:RAW_CHARACTERS]


def recognises(path: Path) -> bool:
    return path.is_file() and first_bytes(path) == b"PAR1"


READER = Reader(
    key=KEY,
    label="Parquet",
    summary="A Parquet file with a column for the user and one for the item; rating or count, time and part at will.",
    needs_mapping=True,
    recognises=recognises,
    detect=detect,
    open=open_files,
)

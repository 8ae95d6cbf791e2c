"""Every column of a delimited text, a Parquet file or JSON lines, chunk by chunk, neither converted nor judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers import delimited, json_lines, parquet, registry
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import RAW_CHARACTERS, RefusedRow
from experiments.learning.data.readers.json_objects import objects, shown_text
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.readers.text import read_text

FORMATS = (delimited.KEY, parquet.KEY, json_lines.KEY)
MOST_COLUMNS = 500


@dataclass(frozen=True)
class SeenTable:
    """How a file would be read: its layout, its columns, and its first rows as text (at most 2,000)."""

    format: str
    encoding: str | None
    separator: str | None
    has_header: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def cells(self, column: str) -> list[str]:
        """What the first rows have in a column, without the empty ones."""
        place = self.columns.index(column)
        return [row[place].strip() for row in self.rows if place < len(row) and row[place].strip()]


@dataclass(frozen=True)
class TableChunk:
    """Some rows as they stand in the file: ``columns`` are Arrow arrays of the length of ``line``, text or typed."""

    file: str
    line: NDArray[np.int64]
    columns: dict[str, Any]
    raw: Callable[[int], str]
    refused: list[RefusedRow] = field(default_factory=list)
    blank_lines: int = 0


def see(path: Path, options: ReadOptions, format_key: str | None = None) -> SeenTable:
    """Raises DatasetError where the file is in no format that holds a table, or has too many columns."""
    key = _format(path, format_key)
    if key == delimited.KEY:
        layout = delimited.layout_of(path, options)
        dialect = layout.dialect
        seen = SeenTable(key, dialect.encoding, dialect.separator, dialect.has_header, layout.columns, layout.rows)
    else:
        columns, rows = (parquet if key == parquet.KEY else json_lines).sample(path)
        seen = SeenTable(key, None if key == parquet.KEY else "utf-8", None, True, columns, rows)
    if not 2 <= len(seen.columns) <= MOST_COLUMNS:
        accepted = f"2 to {MOST_COLUMNS} columns; for text, another separator may be the right one"
        raise DatasetError("columns", "do not make a table", value=len(seen.columns), accepted=accepted)
    return seen


def read(path: Path, seen: SeenTable, options: ReadOptions) -> Iterator[TableChunk]:
    """All rows, in file order."""
    return {delimited.KEY: _text, parquet.KEY: _parquet, json_lines.KEY: _json}[seen.format](path, seen, options)


def _format(path: Path, format_key: str | None) -> str:
    key = registry.get(format_key or registry.sniff(path)).key
    if key not in FORMATS:
        label = registry.get(key).label
        accepted = "CSV, TSV, Parquet, JSON lines"
        raise DatasetError("format", "holds ratings, not a table", value=label, accepted=accepted)
    return key


def _text(path: Path, seen: SeenTable, options: ReadOptions) -> Iterator[TableChunk]:
    bundle = Bundle(path)
    name = bundle.only_name()
    dialect = delimited.layout_of(path, options).dialect
    with bundle.open(name) as stream:
        for chunk in read_text(stream, name, dialect, seen.columns, seen.columns):
            columns = dict(zip(seen.columns, chunk.fields, strict=True))
            yield TableChunk(name, chunk.line, columns, chunk.raw, chunk.refused, chunk.blank_lines)


def _parquet(path: Path, seen: SeenTable, options: ReadOptions) -> Iterator[TableChunk]:
    del options
    row = 1
    for batch in parquet.batches(path, list(seen.columns)):
        columns = {name: batch.column(name) for name in seen.columns}
        line = np.arange(row, row + batch.num_rows, dtype=np.int64)

        def raw(place: int, batch: Any = batch) -> str:
            return " | ".join(str(column[place].as_py()) for column in batch.columns)[:RAW_CHARACTERS]

        yield TableChunk(path.name, line, columns, raw)
        row += batch.num_rows


def _json(path: Path, seen: SeenTable, options: ReadOptions) -> Iterator[TableChunk]:
    del options
    bundle = Bundle(path)
    name = bundle.only_name()
    with bundle.open(name) as stream:
        for batch in objects(stream, name):
            columns = {
                key: pa.array([shown_text(row.get(key)) for row in batch.objects], pa.string()) for key in seen.columns
            }

            def raw(place: int, rows: Any = batch.objects) -> str:
                return json.dumps(rows[place], ensure_ascii=False)[:RAW_CHARACTERS]

            refused = [RefusedRow(name, line, reason, text) for line, reason, text in batch.refused]
            yield TableChunk(name, np.array(batch.lines, np.int64), columns, raw, refused, batch.blank_lines)

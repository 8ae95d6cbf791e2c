"""CSV, TSV and other delimited text, plain, gzipped, or alone in a zip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import Chunk, Detected, Files, Opened, Reader, interaction_files
from experiments.learning.data.readers.columns import require_columns, text_chunks
from experiments.learning.data.readers.detect import SHOWN_ROWS, Layout, detect_layout
from experiments.learning.data.readers.feature_files import opener
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.learning.data.readers.suggest import guess_feedback, suggest_mapping

KEY = "csv"


def layout_of(path: Path, options: ReadOptions) -> Layout:
    bundle = Bundle(path)
    with bundle.open(bundle.only_name()) as stream:
        return detect_layout(stream, options)


def detect(path: Path, options: ReadOptions) -> Detected:
    layout = layout_of(path, options)
    dialect = layout.dialect
    mapping = suggest_mapping(layout.columns, layout.rows, has_header=dialect.has_header)
    notes = () if mapping else ("Only one column was found; another separator may be the right one.",)
    return Detected(
        format=KEY,
        encoding=dialect.encoding,
        separator=dialect.separator,
        has_header=dialect.has_header,
        columns=layout.columns,
        sample_rows=layout.rows[:SHOWN_ROWS],
        mapping=mapping,
        feedback=mapping.feedback if mapping else guess_feedback(None, ()),
        notes=notes,
    )


def open_files(files: Files, options: ReadOptions) -> Opened:
    layout = layout_of(files["interactions"], options)
    mapping = options.mapping or suggest_mapping(layout.columns, layout.rows, has_header=layout.dialect.has_header)
    if mapping is None:
        raise DatasetError(
            "separator",
            "only one column was found",
            value=repr(layout.dialect.separator),
            accepted="the separator that the file uses, and at least a user and an item column",
        )
    return Opened(
        mapping, _chunks(files, options, mapping), opener(files, "users", options), opener(files, "items", options)
    )


def _chunks(files: Files, options: ReadOptions, mapping: ColumnMapping) -> Iterator[Chunk]:
    for path, part in interaction_files(files):
        yield from _of_file(path, options, mapping, part)


def _of_file(path: Path, options: ReadOptions, mapping: ColumnMapping, part: int | None) -> Iterator[Chunk]:
    layout = layout_of(path, options)
    require_columns(mapping, layout.columns, path.name)
    bundle = Bundle(path)
    name = bundle.only_name()
    with bundle.open(name) as stream:
        yield from text_chunks(stream, name, layout.dialect, layout.columns, mapping, part)


def recognises(path: Path) -> bool:
    """Any text that is not binary; the fallback of all formats."""
    try:
        layout_of(path, ReadOptions())
    except (DatasetError, OSError):
        return False
    return True


READER = Reader(
    key=KEY,
    label="CSV, TSV",
    summary="Delimited text with a column for the user and one for the item; rating or count, time and part at will.",
    needs_mapping=True,
    recognises=recognises,
    detect=detect,
    open=open_files,
)

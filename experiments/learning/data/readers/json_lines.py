"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import (
    RAW_CHARACTERS,
    Chunk,
    Detected,
    Files,
    Opened,
    Reader,
    RefusedRow,
    interaction_files,
)
from experiments.learning.data.readers.columns import mapped, require_columns
from experiments.learning.data.readers.detect import SAMPLE_BYTES, SHOWN_ROWS
from experiments.learning.data.readers.feature_files import opener
from experiments.learning.data.readers.json_objects import cell_text, objects, shown_text
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.learning.data.readers.suggest import guess_feedback, suggest_mapping

KEY = "jsonl"
SAMPLE_OBJECTS = 2_000


def sample(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Keys of the first objects in order of appearance, and these objects as rows of text."""
    bundle = Bundle(path)
    found: list[dict[str, Any]] = []
    with bundle.open(bundle.only_name()) as stream:
        for batch in objects(stream, path.name):
            found.extend(batch.objects)
            if len(found) >= SAMPLE_OBJECTS:
                break
    found = found[:SAMPLE_OBJECTS]
    keys = tuple(dict.fromkeys(key for row in found for key in row))
    return keys, tuple(tuple(shown_text(row.get(key)) for key in keys) for row in found)


def detect(path: Path, options: ReadOptions) -> Detected:
    keys, rows = sample(path)
    if not rows:
        raise DatasetError(
            "file", "holds no JSON object in its first lines", value=path.name, accepted="one JSON object a line"
        )
    mapping = suggest_mapping(keys, rows, has_header=True)
    return Detected(
        format=KEY,
        encoding="utf-8",
        separator=None,
        has_header=True,
        columns=keys,
        sample_rows=rows[:SHOWN_ROWS],
        mapping=mapping,
        feedback=mapping.feedback if mapping else guess_feedback(None, ()),
    )


def open_files(files: Files, options: ReadOptions) -> Opened:
    keys, rows = sample(files["interactions"])
    mapping = options.mapping or suggest_mapping(keys, rows, has_header=True)
    if mapping is None:
        raise DatasetError(
            "keys", "too few", value=", ".join(keys), accepted="at least one for the user and one for the item"
        )
    require_columns(mapping, keys, files["interactions"].name)
    return Opened(mapping, _chunks(files, mapping), opener(files, "users", options), opener(files, "items", options))


def _chunks(files: Files, mapping: ColumnMapping) -> Iterator[Chunk]:
    for path, part in interaction_files(files):
        yield from _of_file(path, mapping, part)


def _of_file(path: Path, mapping: ColumnMapping, part: int | None) -> Iterator[Chunk]:
    bundle = Bundle(path)
    name = bundle.only_name()
    with bundle.open(name) as stream:
        yield from _of_stream(stream, name, mapping, part)


def _of_stream(stream: IO[bytes], name: str, mapping: ColumnMapping, part: int | None) -> Iterator[Chunk]:
    roles = mapped(mapping)
    for batch in objects(stream, name):
        fields = {role: _column(batch.objects, column) for role, column in roles.items()}
        yield Chunk(
            file=name,
            line=np.array(batch.lines, np.int64),
            user=fields["user"],
            item=fields["item"],
            value=fields.get("value"),
            timestamp=fields.get("timestamp"),
            part=fields.get("part") if part is None else pa.array(np.full(len(batch.lines), part, np.int8)),
            raw=lambda j, batch=batch: json.dumps(batch.objects[j], ensure_ascii=False)[:RAW_CHARACTERS],  # type: ignore[misc]
            refused=[RefusedRow(name, line, reason, text) for line, reason, text in batch.refused],
            blank_lines=batch.blank_lines,
        )


def _column(rows: Sequence[dict[str, Any]], key: str) -> Any:
    return pa.array([cell_text(row.get(key)) for row in rows], pa.string())


def recognises(path: Path) -> bool:
    try:
        bundle = Bundle(path)
        with bundle.open(bundle.only_name()) as stream:
            start = stream.read(SAMPLE_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (DatasetError, OSError):
        return False
    return start.startswith(b"{")


READER = Reader(
    key=KEY,
    label="JSON lines",
    summary="One JSON object a line, with a key for the user and one for the item; value, time and part at will.",
    needs_mapping=True,
    recognises=recognises,
    detect=detect,
    open=open_files,
)

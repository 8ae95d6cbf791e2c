"""What the MovieLens formats share. Layouts: the README files that GroupLens ships (https://grouplens.org/datasets/movielens/)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import Chunk, Detected, RefusedRow
from experiments.learning.data.readers.columns import text_chunks
from experiments.learning.data.readers.detect import SHOWN_ROWS
from experiments.learning.data.readers.options import ColumnMapping
from experiments.learning.data.readers.text import Dialect, read_text

FIVE_STARS = (1.0, 5.0)
HALF_STARS = (0.5, 5.0)


def bundle_names(path: Path) -> frozenset[str]:
    """File names in a folder or zip; empty where it is neither."""
    try:
        bundle = Bundle(path)
        return bundle.names if path.is_dir() or bundle.is_zip else frozenset()
    except (DatasetError, OSError):
        return frozenset()


def rating_mapping(columns: tuple[str, str, str, str], scale: tuple[float, float]) -> ColumnMapping:
    user, item, value, timestamp = columns
    return ColumnMapping(
        user=user,
        item=item,
        value=value,
        timestamp=timestamp,
        feedback="explicit",
        scale=scale,
        timestamp_format="unix_s",
    )


def rating_chunks(
    bundle: Bundle,
    name: str,
    dialect: Dialect,
    mapping: ColumnMapping,
    columns: tuple[str, ...],
    part: int | None = None,
) -> Iterator[Chunk]:
    with bundle.open(name) as stream:
        yield from text_chunks(stream, name, dialect, columns, mapping, part)


def detected(
    key: str,
    bundle: Bundle,
    name: str,
    dialect: Dialect,
    columns: tuple[str, ...],
    mapping: ColumnMapping,
    splits: tuple[str, ...] = (),
) -> Detected:
    """What is shown of a fixed format: its first rows."""
    rows: list[tuple[str, ...]] = []
    with bundle.open(name) as stream:
        for chunk in read_text(stream, name, dialect, columns, columns):
            rows.extend(zip(*(column.slice(0, SHOWN_ROWS).to_pylist() for column in chunk.fields), strict=True))
            if rows:
                break
    return Detected(
        format=key,
        encoding=dialect.encoding,
        separator=dialect.separator,
        has_header=dialect.has_header,
        columns=columns,
        sample_rows=tuple(rows[:SHOWN_ROWS]),
        mapping=mapping,
        feedback="explicit",
        splits=splits,
    )


def feature_frame(
    bundle: Bundle, name: str, dialect: Dialect, columns: tuple[str, ...], wanted: tuple[str, ...]
) -> tuple[pd.DataFrame, list[RefusedRow]]:
    """The ``wanted`` columns as text, the first of them as index; the last of repeated identifiers counts."""
    parts: list[pd.DataFrame] = []
    refused: list[RefusedRow] = []
    with bundle.open(name) as stream:
        for chunk in read_text(stream, name, dialect, columns, wanted):
            refused.extend(chunk.refused)
            cells = {column: cells.to_pylist() for column, cells in zip(wanted, chunk.fields, strict=True)}
            parts.append(pd.DataFrame(cells, dtype="str"))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(wanted), dtype="str")
    frame = frame.drop_duplicates(wanted[0], keep="last").set_index(wanted[0]).rename_axis(index="id")
    return frame, refused


def title_year(titles: pd.Series) -> pd.Series:
    """The year that MovieLens titles end in, "Toy Story (1995)"; NaN where there is none."""
    return pd.to_numeric(titles.str.extract(r"\((\d{4})\)\s*$")[0], errors="coerce").astype("float64")

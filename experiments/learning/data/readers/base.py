"""What a reader of a file format is, and the common form in which all of them hand over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.interactions import Feedback
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions

Role = Literal["interactions", "test", "users", "items"]
"""What a file of an import is for. "test" holds the rows of a given test part; only "interactions" is required."""

Files = Mapping[Role, Path]


def interaction_files(files: Files) -> list[tuple[Path, int | None]]:
    """The files of interactions with the part their rows belong to: 0 train, 1 test, None where nothing is divided."""
    if "test" not in files:
        return [(files["interactions"], None)]
    return [(files["interactions"], 0), (files["test"], 1)]


RAW_CHARACTERS = 500
"""Longer raw text of a refused row is cut: enough to recognise the row, not enough to fill a disk."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that a reader could not even split into columns."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of interactions as they stand in the file; nothing is converted or judged yet.

    Attributes:
        file: name of the file, for reports.
        line: 1-based line numbers (row numbers for Parquet), shape (n,).
        user, item, value, timestamp, part: pyarrow arrays of length n, text or typed; None where not mapped.
        raw: gives the text of row j, for a report.
        refused: rows that could not be split into columns.
        blank_lines: lines with nothing on them, which are skipped and counted.
    """

    file: str
    line: NDArray[np.int64]
    user: Any
    item: Any
    value: Any
    timestamp: Any
    part: Any
    raw: Callable[[int], str]
    refused: list[RefusedRow] = field(default_factory=list)
    blank_lines: int = 0

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True)
class FeatureTable:
    """Features of users or items as read: ``frame`` has the identifier (text) as index, refused rows stand aside."""

    file: str
    frame: pd.DataFrame
    refused: list[RefusedRow] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    """An import that is about to be read: rows come in chunks, so that memory is bounded by a chunk."""

    mapping: ColumnMapping
    chunks: Iterator[Chunk]
    users: Callable[[], FeatureTable | None]
    items: Callable[[], FeatureTable | None]


@dataclass(frozen=True)
class Detected:
    """How a file would be read, for a person to confirm before anything is stored.

    Attributes:
        format: key of the reader.
        encoding, separator: of a text file, else None. The separator is as in the file (a tab is "\\t").
        has_header: whether the first row names the columns.
        columns: their names, or "column 1", "column 2" ... without a header.
        sample_rows: the first rows as text.
        mapping: the suggested mapping; None where no suggestion can be made.
        feedback: what the values look like.
        splits: names of the train/test splits that the files bring along ("u1" ...).
        notes: remarks for people ("the file has more than one sheet of ...").
    """

    format: str
    encoding: str | None
    separator: str | None
    has_header: bool
    columns: tuple[str, ...]
    sample_rows: tuple[tuple[str, ...], ...]
    mapping: ColumnMapping | None
    feedback: Feedback
    splits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; the mapping is a dictionary that ``ColumnMapping.model_validate`` takes back."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "separator": self.separator,
            "has_header": self.has_header,
            "columns": list(self.columns),
            "sample_rows": [list(row) for row in self.sample_rows],
            "mapping": self.mapping.model_dump(mode="json") if self.mapping else None,
            "feedback": self.feedback,
            "splits": list(self.splits),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Reader:
    """One file format. Adding one is a file that ends in ``READER = Reader(...)`` and a line in ``registry.py``."""

    key: str
    label: str
    summary: str
    needs_mapping: bool
    """True: a person says which column is what. False: the format fixes it."""
    recognises: Callable[[Path], bool]
    """Whether this path (file or folder) looks like the format; must be quick and never raise on broken input."""
    detect: Callable[[Path, ReadOptions], Detected]
    open: Callable[[Files, ReadOptions], Opened]


def no_features() -> FeatureTable | None:
    return None

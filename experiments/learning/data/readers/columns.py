"""From a mapping and the columns a file has to chunks; shared by the formats that need a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import pyarrow as pa

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.base import Chunk
from experiments.learning.data.readers.options import ColumnMapping
from experiments.learning.data.readers.text import Dialect, read_text

ROLES = ("user", "item", "value", "timestamp", "part")


def require_columns(mapping: ColumnMapping, columns: Sequence[str], file: str) -> None:
    """A DatasetError that names the first mapped column which the file does not have."""
    for role in ROLES:
        column = getattr(mapping, role)
        if column is not None and column not in columns:
            listed = ", ".join(repr(name) for name in columns[:20])
            raise DatasetError(
                f"{role} column", f"there is no such column in {file}", value=column, accepted=f"one of {listed}"
            )


def mapped(mapping: ColumnMapping) -> dict[str, str]:
    """Role to column name, mapped roles only."""
    return {role: getattr(mapping, role) for role in ROLES if getattr(mapping, role) is not None}


def text_chunks(
    stream: IO[bytes],
    file: str,
    dialect: Dialect,
    columns: Sequence[str],
    mapping: ColumnMapping,
    part: int | None = None,
) -> Iterator[Chunk]:
    """Chunks of interactions of a delimited text. ``part`` 0 or 1 marks all rows as train or test."""
    roles = mapped(mapping)
    for chunk in read_text(stream, file, dialect, columns, list(roles.values())):
        fields = dict(zip(roles, chunk.fields, strict=True))
        yield Chunk(
            file=file,
            line=chunk.line,
            user=fields["user"],
            item=fields["item"],
            value=fields.get("value"),
            timestamp=fields.get("timestamp"),
            part=fields.get("part") if part is None else pa.array(np.full(len(chunk.line), part, np.int8)),
            raw=chunk.raw,
            refused=chunk.refused,
            blank_lines=chunk.blank_lines,
        )

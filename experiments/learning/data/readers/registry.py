"""All readers, in the order in which they are asked whether they recognise an upload."""

from __future__ import annotations

from pathlib import Path

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers import (
    delimited,
    json_lines,
    movielens_1m,
    movielens_100k,
    movielens_latest,
    parquet,
)
from experiments.learning.data.readers.base import Detected, Reader
from experiments.learning.data.readers.options import ReadOptions

READERS: dict[str, Reader] = {
    module.READER.key: module.READER
    for module in (parquet, movielens_100k, movielens_1m, movielens_latest, json_lines, delimited)
}


def get(key: str) -> Reader:
    """The reader of a format; a DatasetError lists what exists."""
    if key not in READERS:
        raise DatasetError("format", "is not known", value=key, accepted=", ".join(READERS))
    return READERS[key]


def sniff(path: Path) -> str:
    """Key of the format that the upload seems to be in.

    Raises:
        DatasetError: no reader recognises it; says why where the reason is known (damaged zip, empty file ...).
    """
    for reader in READERS.values():
        if reader.recognises(path):
            return reader.key
    delimited.layout_of(path, ReadOptions())  # the last resort knows best what is wrong
    raise DatasetError(
        "file",
        "is in no known format",
        value=path.name,
        accepted=", ".join(reader.label for reader in READERS.values()),
    )


def detect(path: Path, options: ReadOptions | None = None, format_key: str | None = None) -> Detected:
    """How the file would be read; ``options`` fix what a person has already decided."""
    return get(format_key or sniff(path)).detect(path, options or ReadOptions())

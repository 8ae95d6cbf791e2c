"""A folder of Parquet files that appears as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from experiments.learning.data.errors import DatasetError

_ROW_GROUP = 1_000_000


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` to write into; flushed and renamed at the end, removed where writing fails.

    Raises:
        DatasetError: the folder exists (snapshots are never overwritten).
    """
    if folder.exists():
        raise DatasetError(
            "folder", "exists, and snapshots are never overwritten", value=folder.name, accepted="a new folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp"
    staging.mkdir()
    try:
        yield staging
        _sync(staging)
        staging.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def write_parquet(path: Path, table: Any) -> None:
    """An Arrow table as Parquet, flushed to disk."""
    with path.open("wb") as stream:
        pq.write_table(table, stream, compression="zstd", row_group_size=_ROW_GROUP)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

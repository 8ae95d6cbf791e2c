"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> str:
    """Writes ``content`` to a neighbour of ``path``, flushes it to disk, renames it over ``path``.

    Returns the SHA-256 of the content as 64 hexadecimal digits.
    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    publish(partial, path)
    return hashlib.sha256(content).hexdigest()


def publish(partial: Path, path: Path) -> None:
    """Renames a finished, flushed file to its final name and flushes the folder, so that the name survives a crash."""
    partial.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

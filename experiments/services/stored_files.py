"""Where a recorded file lies. A path is taken from a row, never from a client, and must lie below the data root."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from django.conf import settings


class Stored(Protocol):
    """A row of a file: of a run (Artifact) or of a version of a model (ModelFile)."""

    name: str
    path: str
    sha256: str


class FileMissing(Exception):
    """The row is there and its file is not, or it does not lie where files lie."""


def file_of(stored: Stored) -> Path:
    """The file of a row. Raises FileMissing."""
    root = Path(settings.DATA_ROOT).resolve()
    path = (root / stored.path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise FileMissing(f"The file of {stored.name} is not on this machine.")
    return path

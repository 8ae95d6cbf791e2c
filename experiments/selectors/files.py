"""Files of a run on disk. A path is taken from a row, never from a client, and must lie below the data root."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from experiments.models import Artifact

PREVIEW_BYTES = 100_000
TEXT = {".json", ".txt", ".log", ".csv", ".yaml", ".yml", ".md"}


class FileMissing(Exception):
    """The row is there and its file is not, or it does not lie where files of runs lie."""


def file_of(artifact: Artifact) -> Path:
    """The file of an artifact. Raises FileMissing."""
    root = Path(settings.DATA_ROOT).resolve()
    path = (root / artifact.path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise FileMissing(f"The file of {artifact.name} is not on this machine.")
    return path


def can_preview(artifact: Artifact) -> bool:
    return Path(artifact.name).suffix.lower() in TEXT and artifact.size_bytes <= PREVIEW_BYTES


def preview(artifact: Artifact) -> str:
    """Its text, JSON indented; at most 100 kB. Raises FileMissing."""
    text = file_of(artifact).read_bytes()[:PREVIEW_BYTES].decode("utf-8", errors="replace")
    if artifact.name.endswith(".json"):
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return text
    return text

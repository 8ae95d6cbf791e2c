"""Files of a run on disk. A path is taken from a row, never from a client, and must lie below the data root."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.models import Artifact
from experiments.services.stored_files import FileMissing, file_of

__all__ = ["FileMissing", "can_preview", "file_of", "preview"]

PREVIEW_BYTES = 100_000
TEXT = {".json", ".txt", ".log", ".csv", ".yaml", ".yml", ".md"}


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

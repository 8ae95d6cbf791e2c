"""Artifacts as they are handed to a tracker: by the path the server made, and only if they are what was recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from experiments.tracking.messages import File


class FileUnfit(Exception):
    """The file is not there, not where files may be, or not the one that was recorded; the message says which."""


def checked(file: File, data_root: Path) -> Path:
    """Absolute path of a file whose content has the recorded SHA-256. Raises FileUnfit."""
    root = data_root.resolve()
    path = (root / file.path).resolve()
    if not path.is_relative_to(root):
        raise FileUnfit(f"{file.name}: its path leads out of the data folder")
    if not path.is_file():
        raise FileUnfit(f"{file.name}: the file is missing")
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if digest != file.sha256:
        raise FileUnfit(f"{file.name}: SHA-256 is {digest[:12]}…, not the recorded {file.sha256[:12]}…")
    return path

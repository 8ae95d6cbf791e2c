"""Keeping log files from filling the disk.

Each process writes straight to its own file, never through the supervisor: a supervisor that dies takes no log and no
worker with it. The file is open in append mode, so it can be copied away and emptied under its writer.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEPT = 3


def rotate(folder: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> list[Path]:
    """Move the content of each ``*.log`` above ``max_bytes`` to ``.log.1`` and older ones one further.

    A line written between copying and emptying is lost, which is accepted. Returns the files that were rotated.
    """
    rotated = []
    for path in sorted(folder.glob("*.log")):
        if path.stat().st_size <= max_bytes:
            continue
        for number in range(kept - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number + 1}"))
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        with path.open("r+b") as file:
            file.truncate(0)
        rotated.append(path)
    return rotated

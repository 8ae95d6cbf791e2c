"""Checkpoints of a run on disk: written whole or not at all, newest found again after any crash."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

KEPT = 2
NAME = re.compile(r"^epoch-(\d{6})$")


class Checkpoints:
    """Those of one attempt are written to a folder of its own; those of every attempt are read."""

    def __init__(self, run_folder: Path, attempt_token: int) -> None:
        self.root = run_folder / "checkpoints"
        self.own = self.root / f"token-{attempt_token}"

    def write(self, epoch: int, save: Callable[[Path], None]) -> None:
        """Writes to a temporary folder and renames it once all of it is on disk; older ones of this attempt go."""
        target = self.own / f"epoch-{epoch:06d}"
        partial = self.own / f".partial-{epoch:06d}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        save(partial)  # flushes its own files
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
        flush_to_disk(self.own)
        for old in sorted(self.own.glob("epoch-*"))[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def newest(self) -> tuple[int, Path] | None:
        """(epoch, folder) of the furthest checkpoint of any attempt. Runs are deterministic, so any will do."""
        found = [
            (int(match[1]), folder)
            for folder in self.root.glob("token-*/epoch-*")
            if (match := NAME.match(folder.name))
        ]
        return max(found, default=None, key=lambda pair: (pair[0], str(pair[1])))

    def clear(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

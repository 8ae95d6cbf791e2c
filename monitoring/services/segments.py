"""Segments of the spool as the shipper sees them, and how far each is in PostgreSQL.

How far is kept in ``shipped.json`` beside them, after each commit. It is a help, not the truth: a smaller number only
means that lines are read again, and rows that are known are left out.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

SHIPPED = "shipped.json"
SUFFIX = ".jsonl"
_MAX_LINE = 16 * 1024 * 1024


class _At(msgspec.Struct):
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the spool: its size, and how many of its bytes are in PostgreSQL."""

    path: Path
    size: int
    shipped: int

    @property
    def pending(self) -> int:
        return max(0, self.size - self.shipped)

    def first_pending_time(self) -> dt.datetime | None:
        """``at`` of the first entry that is not shipped; the file's age where that line cannot be read."""
        if not self.pending:
            return None
        try:
            with self.path.open("rb") as file:
                file.seek(self.shipped)
                line = file.readline(_MAX_LINE)
            return msgspec.json.decode(line, type=_At).at
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, OSError):
            with suppress(OSError):
                return dt.datetime.fromtimestamp(self.path.stat().st_mtime, dt.UTC)
            return None

    def read(self, limit: int) -> bytes:
        """The next bytes that are not shipped, at most ``limit``; nothing where the file is gone."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.shipped)
                return file.read(limit)
        except FileNotFoundError:
            return b""


def all_of(folder: Path) -> list[Segment]:
    """Segments of a spool, oldest first."""
    shipped = read_shipped(folder)
    found = []
    with suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            if entry.name.endswith(SUFFIX):
                with suppress(FileNotFoundError):
                    stat = entry.stat()
                    found.append(
                        (stat.st_mtime_ns, Segment(Path(entry.path), stat.st_size, shipped.get(entry.name, 0)))
                    )
    return [segment for _, segment in sorted(found, key=lambda pair: (pair[0], pair[1].path.name))]


def read_shipped(folder: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode((folder / SHIPPED).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}


def remember_shipped(folder: Path, shipped: dict[str, int]) -> None:
    """Note how far each segment is. With a disk that is full it is not noted, and lines are read again."""
    making = folder / f"{SHIPPED}.{os.getpid()}"
    with suppress(OSError):
        making.write_bytes(msgspec.json.encode(shipped))
        making.replace(folder / SHIPPED)


class Unused:
    """A segment whose writer is gone or has begun another: held, so that no second shipper removes it too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Unused | None:
        """None where somebody writes it, or it is gone."""
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.__exit__()
            return None
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def size(self) -> int:
        assert self._descriptor is not None  # noqa: S101
        return os.fstat(self._descriptor).st_size

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

"""A lock between processes that the kernel gives back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockedError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, timeout: float | None = None) -> Iterator[int]:
    """Hold an exclusive lock on ``path``, waiting up to ``timeout`` seconds (None: as long as it takes).

    Yields the open file descriptor. Raises LockedError when the time is over.
    """
    # Not inheritable (the default of os.open): a child must not keep its parent's lock alive.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, timeout)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, timeout: float | None) -> None:
    if timeout is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockedError(f"{path} is locked by another process") from None
            time.sleep(0.05)
        else:
            return

"""The spool: where an answer's log entry lies, on the disk of the web process, until it is in PostgreSQL.

One line a prediction, one ``write`` a line: what the kernel took survives the death of any process, this one too. A
thread tells the disk once a second, so a loss of power costs at most that second. Each process has segments of its
own, locked while it writes them; services/shipping.py reads them. Appending never raises and never asks the network
or the database.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from django.conf import settings

from monitoring.services.log_rows import LoggedPrediction

MAX_BYTES = 8 * 1024 * 1024
MAX_SECONDS = 60.0
SYNC_SECONDS = 1.0
REPORT_SECONDS = 10.0
SUFFIX = ".jsonl"
_REPORT = Callable[[int, str], None]
log = structlog.get_logger(__name__)


def spool_folder() -> Path:
    """Under PREDICTION_LOG_DIR, on the machine's own disk."""
    return Path(settings.PREDICTION_LOG_DIR) / "spool"


class Spool:
    """Segments of one process. Thread-safe; after a fork the child writes segments of its own.

    ``report`` is told, by the thread and at most every REPORT_SECONDS, how many entries were lost and the last reason.
    """

    _lock: threading.Lock
    _descriptor: int | None
    _retired: list[int]
    _thread: threading.Thread | None
    _start: str
    _number: int
    _size: int
    _untold: int
    _opened_at: float
    _complained_at: float
    _dirty: bool

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        report: _REPORT | None = None,
    ) -> None:
        self.folder = folder
        self.lost = 0
        self.last_error = ""
        self._max_bytes, self._max_seconds, self._report = max_bytes, max_seconds, report
        self._encode = msgspec.json.Encoder().encode
        self._forget()
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _after_fork(reference))

    def append(self, entry: LoggedPrediction) -> bool:
        """Write one entry. False where it could not be: it is counted as lost, and the answer goes out all the same."""
        try:
            line = self._encode(entry) + b"\n"
            with self._lock:
                self._write(line)
        except Exception as error:  # the answer must not fail, whatever it is
            self._note_loss(error)
            return False
        return True

    def close(self) -> None:
        """End the segment, so that it may be shipped to its end and removed. The next entry begins another."""
        with self._lock:
            self._retire()
            retired, self._retired = self._retired, []
        for descriptor in retired:
            with suppress(OSError):
                os.fdatasync(descriptor)
            os.close(descriptor)

    def _write(self, line: bytes) -> None:
        if self._descriptor is not None and (
            self._size + len(line) > self._max_bytes or time.monotonic() - self._opened_at > self._max_seconds
        ):
            self._retire()
        if self._descriptor is None:
            self._open()
        descriptor = self._descriptor
        assert descriptor is not None  # noqa: S101  for the type checker; _open raises otherwise
        try:
            written = os.write(descriptor, line)
        except OSError:
            self._take_back(descriptor)
            raise
        if written != len(line):
            self._take_back(descriptor)
            raise OSError(f"only {written} of {len(line)} bytes of an entry could be written: is the disk full?")
        self._size += written
        self._dirty = True
        if self._thread is None:
            self._start_thread()

    def _take_back(self, descriptor: int) -> None:
        """Cut off half a line, so that the next one begins on its own."""
        try:
            os.ftruncate(descriptor, self._size)
        except OSError:
            self._retire()

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._number += 1
        name = f"{socket.gethostname()}-{os.getpid()}-{self._start}-{self._number:06d}{SUFFIX}"
        # Locked before it has the name by which the shipper knows it: one that is not locked may be removed.
        making = self.folder / f"{name}.new"
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            making.rename(self.folder / name)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor, self._size, self._opened_at = descriptor, 0, time.monotonic()

    def _retire(self) -> None:
        """Leave the segment to the thread, which tells the disk and then lets go of it."""
        if self._descriptor is not None:
            self._retired.append(self._descriptor)
            self._descriptor = None

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=_keep, args=(weakref.ref(self),), name="spool", daemon=True)
        self._thread.start()

    def _sync(self) -> None:
        """What the thread does once a second."""
        with self._lock:
            if self._descriptor is not None and time.monotonic() - self._opened_at > self._max_seconds:
                self._retire()
            retired, self._retired = self._retired, []
            dirty, self._dirty = self._dirty, False
            current = os.dup(self._descriptor) if dirty and self._descriptor is not None else None
        for descriptor in [*retired, *([current] if current is not None else [])]:
            with suppress(OSError):
                os.fdatasync(descriptor)
            os.close(descriptor)

    def _tell(self) -> None:
        lost, self._untold = self._untold, 0
        if not lost or self._report is None:
            return
        try:
            self._report(lost, self.last_error)
        except Exception:  # the database is away: told the next time
            self._untold += lost

    def _note_loss(self, error: Exception) -> None:
        self.lost += 1
        self._untold += 1
        self.last_error = f"{type(error).__name__}: {error}"
        now = time.monotonic()
        if now - self._complained_at > REPORT_SECONDS:
            self._complained_at = now
            log.error("log entry lost", error=self.last_error, lost=self.lost)
        with suppress(Exception), self._lock:
            if self._thread is None:
                self._start_thread()

    def _forget(self) -> None:
        """The state of a process that has not written yet."""
        self._lock = threading.Lock()
        self._descriptor = None
        self._retired = []
        self._thread = None
        self._start = f"{int(time.time() * 1000):x}{secrets.token_hex(2)}"
        self._number = self._size = self._untold = 0
        self._opened_at, self._complained_at = 0.0, float("-inf")
        self._dirty = False


def _after_fork(reference: weakref.ref[Spool]) -> None:
    spool = reference()
    if spool is None:
        return
    inherited = [*spool._retired, *([spool._descriptor] if spool._descriptor is not None else [])]
    spool._forget()
    for descriptor in inherited:  # otherwise the parent's lock would last as long as this process
        with suppress(OSError):
            os.close(descriptor)


def _keep(reference: weakref.ref[Spool]) -> None:
    told_at = 0.0
    while True:
        time.sleep(SYNC_SECONDS)
        spool = reference()
        if spool is None:
            return
        with suppress(OSError):
            spool._sync()
        if time.monotonic() - told_at > REPORT_SECONDS:
            told_at = time.monotonic()
            spool._tell()
        del spool


_process_wide: dict[Path, Spool] = {}
_making = threading.Lock()


def spool() -> Spool:
    """The one of this process, in :func:`spool_folder`."""
    folder = spool_folder()
    found = _process_wide.get(folder)
    if found is None:
        with _making:
            found = _process_wide.setdefault(folder, Spool(folder, report=_count_lost))
    return found


def _count_lost(number: int, detail: str) -> None:
    from django.db import connection

    from monitoring.models import LogLoss
    from monitoring.services import losses

    try:
        losses.count(LogLoss.Reason.LOST_ENTRY, number, detail=detail)
    finally:
        connection.close()  # of the thread, which asks seldom


def pending_bytes(folder: Path) -> int:
    """Bytes in the spool that are not in PostgreSQL yet."""
    from monitoring.services import segments

    return sum(segment.pending for segment in segments.all_of(folder))


def oldest_pending(folder: Path) -> dt.datetime | None:
    """The time of the oldest entry that is not in PostgreSQL yet; None where there is none."""
    from monitoring.services import segments

    times = [at for segment in segments.all_of(folder) if (at := segment.first_pending_time()) is not None]
    return min(times, default=None)

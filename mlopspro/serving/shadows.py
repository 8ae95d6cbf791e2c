"""Shadows: versions that are asked what they would have answered, scored and logged aside, and shown to nobody.

One thread and one bounded queue a process. A request only puts a note into the queue; where that is full, or the note
waited for too long, the shadow is not asked and that is counted (``LogLoss`` dropped_shadow), so that a slow shadow
costs nobody anything.
"""

from __future__ import annotations

import datetime as dt
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from django.db import connection
from django.utils import timezone

from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss
from monitoring.services import losses

WAITING = 500
"""Notes that may wait: some seconds of work."""
LONGEST_WAIT_SECONDS = 10.0
COUNT_EVERY_SECONDS = 5.0
log = structlog.get_logger(__name__)
Work = Callable[[dt.datetime], None]


@dataclass(frozen=True)
class _Note:
    workspace: Workspace
    work: Work
    at: dt.datetime
    put_at: float


class _Shadows:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.notes: queue.Queue[_Note] = queue.Queue(WAITING)
        self.lock = threading.Lock()
        self.dropped: Counter[Workspace] = Counter()
        self.counted_at = time.monotonic()
        threading.Thread(target=self._run, name="shadows", daemon=True).start()

    def put(self, note: _Note) -> bool:
        try:
            self.notes.put_nowait(note)
        except queue.Full:
            self.drop(note.workspace)
            return False
        return True

    def drop(self, workspace: Workspace) -> None:
        with self.lock:
            self.dropped[workspace] += 1

    def _run(self) -> None:
        while True:
            with suppress(queue.Empty):
                note = self.notes.get(timeout=COUNT_EVERY_SECONDS)
                self._carry_out(note)
                self.notes.task_done()
            if time.monotonic() - self.counted_at >= COUNT_EVERY_SECONDS:
                self.counted_at = time.monotonic()
                self.count()
                with suppress(Exception):
                    connection.close()

    def _carry_out(self, note: _Note) -> None:
        if time.monotonic() - note.put_at > LONGEST_WAIT_SECONDS:
            self.drop(note.workspace)
            return
        try:
            note.work(note.at)
        except Exception as error:  # a shadow that fails fails alone; its entry in the log says so
            log.warning("shadow failed", error=f"{type(error).__name__}: {error}")

    def count(self) -> None:
        """Writes what was dropped; kept for the next time where the database is away."""
        with self.lock:
            dropped, self.dropped = self.dropped, Counter()
        for workspace, number in dropped.items():
            try:
                losses.count(LogLoss.Reason.DROPPED_SHADOW, number, workspace=workspace)
            except Exception:  # the database is away: counted with the next ones
                with self.lock:
                    self.dropped[workspace] += number


_shadows: _Shadows | None = None
_making = threading.Lock()


def ask(workspace: Workspace, work: Work) -> bool:
    """Has ``work(the present moment)`` done soon by another thread. False where it was dropped and counted."""
    return _mine().put(_Note(workspace, work, timezone.now(), time.monotonic()))


def settle() -> None:
    """Waits until every note was dealt with and what was dropped is counted. For tests and commands."""
    mine = _mine()
    mine.notes.join()
    mine.count()


def _mine() -> _Shadows:
    global _shadows
    if _shadows is None or _shadows.pid != os.getpid():
        with _making:
            if _shadows is None or _shadows.pid != os.getpid():
                _shadows = _Shadows()
    return _shadows


def _after_fork() -> None:
    global _making
    _making = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

"""What the function that does the work is given: its job, and ways to report, to be stopped and to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.jobs.lease import Lease
from experiments.models import FailureKind, Job, JobStatus


class Stopped(Exception):
    """A person asked to stop, or ``reason`` says why it goes no further; raised where the work can be left in good
    order."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class AttemptLost(Exception):
    """Something this attempt needs has gone, as a machine or process may; another attempt may fare better."""


class JobFailed(Exception):
    """An expected failure: what went wrong in words for people, and of which kind. It is not tried again."""

    def __init__(self, reason: str, kind: str = FailureKind.ERROR) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


@dataclass
class JobContext:
    lease: Lease
    job: Any
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self, write: Callable[[Any], Any]) -> Any:
        """Lease.commit. It sees the row anyway, so a stop is noticed here rather than with the next heartbeat."""

        def watched(job: Job) -> Any:
            result = write(job)
            if job.stop_requested_at is not None:
                self.stop.set()
            return result

        return self.lease.commit(watched)

    def commit(self, write: Callable[[Any], Any]) -> Any:
        """The same, and then Stopped if a person has asked for it meanwhile."""
        result = self.write(write)
        self.check()
        return result

    def check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def log(self, message: str, level: str = "info") -> None:
        self.lease.commit(lambda job: lifecycle.note(job, message, level))

    def phase(self, name: str, total: int = 0) -> None:
        """Says what is being done now and how many steps it has (0 = unknown)."""

        def write(job: Job) -> None:
            job.phase, job.phase_started_at = name, timezone.now()
            job.progress_done, job.progress_total = 0, total

        self.commit(write)

    def progress(self, done: int) -> None:
        def write(job: Job) -> None:
            job.progress_done = done

        self.commit(write)

    def lose(self, reason: str) -> None:
        """Ends this attempt as one that was lost: queued again with a pause, or failed after the last one."""

        def write(job: Any) -> None:
            lifecycle.attempt_lost(job, reason)
            lifecycle.tell_if_ended(job)

        self.lease.commit(write)

    def end(
        self, status: JobStatus, *, kind: str = "", reason: str = "", also: Callable[[Any], None] | None = None
    ) -> None:
        """The last write: terminal state, mirrors told, and ``also(job)`` in the same transaction."""

        def write(job: Any) -> None:
            if also is not None:
                also(job)
            lifecycle.end(job, status, kind=kind, reason=reason)
            if reason:
                lifecycle.note(job, reason, "error" if status is JobStatus.FAILED else "info")
            lifecycle.tell_if_ended(job)

        self.lease.commit(write)

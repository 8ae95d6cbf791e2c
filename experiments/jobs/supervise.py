"""The worker's side: claims a job, gives it to a child process, and sees it to its end."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO, Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from experiments.jobs import lifecycle, queue
from experiments.jobs.lease import Lease, LeaseLost, patiently
from experiments.models import Experiment, FailureKind, JobStatus
from mlopspro.core.logs import scrub_text

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.25
LOOK_SECONDS = 1.0
START_SECONDS = 180.0
"""How long a child may take to import what it needs and to take over; a loaded machine needs many seconds for it."""
DISMISS_SECONDS = 5.0
STOP_GRACE_SECONDS = 6.0
"""How long an attempt has to end by itself after a stop; then it is killed. Together below the promised 10 s."""


class Child:
    """One process of experiments.jobs.child in a process group of its own, waiting for its order."""

    def __init__(self, *, warm: bool) -> None:
        self.stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        command = [sys.executable, "-m", "experiments.jobs.child", *(["--warm"] if warm else [])]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=self.stderr,
            stderr=self.stderr,
            cwd=settings.BASE_DIR,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def give(self, lease: Lease) -> None:
        order = {"kind": lease.model.KIND, "pk": str(lease.pk), "token": lease.token, "attempt": lease.attempt}
        assert self.process.stdin is not None  # noqa: S101  opened above
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def kill(self) -> None:
        """Kills the whole group: the attempt and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def dismiss(self) -> None:
        """Lets the attempt hand its job back, as it does when its input closes, and kills it if it takes too long."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.wait(DISMISS_SECONDS) is None:
            self.kill()

    def last_words(self) -> str:
        size = self.stderr.seek(0, os.SEEK_END)
        self.stderr.seek(max(0, size - 4000))
        return scrub_text(self.stderr.read().decode(errors="replace").strip())


class Spare:
    """A child started ahead for the next run, with TensorFlow imported already."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def prepare(self) -> None:
        if settings.JOB_WARM_SPARE and (self._child is None or not self._child.alive):
            self._child = Child(warm=True)

    def take(self) -> Child:
        child, self._child = self._child, None
        return child if child is not None and child.alive else Child(warm=False)

    def discard(self) -> None:
        if self._child is not None and self._child.alive:
            self._child.kill()


spare = Spare()


def run_next(kind: str) -> str:
    """Claims one job of this kind and runs it to its end. Returns what happened, for the worker's log."""
    lease = patiently(lambda: lifecycle.claim(kind))
    if lease is None:
        return "nothing to do"
    child = spare.take() if kind == Experiment.KIND else Child(warm=False)
    log.info("attempt started", kind=kind, job=str(lease.pk), attempt=lease.attempt, child=child.process.pid)
    try:
        child.give(lease)
        code = Watch(lease, child).until_end()
    except BrokenPipeError:
        code = child.wait(5) or -1
    finally:
        # Still there only if this worker is being stopped while the attempt is at work.
        if child.alive:
            child.dismiss()
    outcome = patiently(lambda: close(lease, child, code))
    log.info("attempt ended", kind=kind, job=str(lease.pk), attempt=lease.attempt, outcome=outcome)
    if kind == Experiment.KIND:
        spare.prepare()
    queue.ringer.ring(kind)
    return outcome


class Watch:
    """Waits for a child and steps in where it does not end by itself."""

    def __init__(self, lease: Lease, child: Child) -> None:
        self.lease = lease
        self.child = child
        self.started = self.looked = time.monotonic()

    def until_end(self) -> int:
        while (code := self.child.wait(POLL_SECONDS)) is None:
            if time.monotonic() - self.looked < LOOK_SECONDS:
                continue
            self.looked = time.monotonic()
            if self._must_end():
                self.child.kill()
        return code

    def _must_end(self) -> bool:
        if time.monotonic() - self.started > settings.JOB_TIME_LIMIT_SECONDS:
            return self._end_as(JobStatus.FAILED, FailureKind.TIMED_OUT, self._time_limit_reason())
        try:
            row = (
                self.lease.model._default_manager.filter(pk=self.lease.pk)
                .values("status", "lease_token", "stop_requested_at", "phase")
                .first()
            )
        except (OperationalError, InterfaceError):
            connection.close()
            return False
        if row is None or row["lease_token"] != self.lease.token:
            return True
        if row["phase"] == lifecycle.STARTING:
            return self._start_failed()
        asked = row["stop_requested_at"]
        if (
            row["status"] == JobStatus.RUNNING
            and asked
            and timezone.now() - asked > dt.timedelta(seconds=STOP_GRACE_SECONDS)
        ):
            return self._end_as(JobStatus.CANCELLED)
        return False

    def _start_failed(self) -> bool:
        """Keeps the lease for a child that is still importing; whether it has taken too long for that."""
        if time.monotonic() - self.started > START_SECONDS:
            return True
        with contextlib.suppress(LeaseLost, OperationalError, InterfaceError):
            # A person may stop it before it has begun: then there is nothing to wait for.
            return self.lease.renew() and self._end_as(JobStatus.CANCELLED)
        return False

    def _time_limit_reason(self) -> str:
        return f"It ran longer than the limit of {settings.JOB_TIME_LIMIT_SECONDS / 3600:g} hours and was ended."

    def _end_as(self, status: JobStatus, kind: str = "", reason: str = "") -> bool:
        """Writes the end first and kills then, so that nothing the child does in between counts."""

        def write(job: Any) -> None:
            lifecycle.end(job, status, kind=kind, reason=reason)
            lifecycle.tell_if_ended(job)

        with contextlib.suppress(LeaseLost):
            self.lease.commit(write)
        return True


def close(lease: Lease, child: Child, code: int) -> str:
    """After the child has gone: if it left its job running, this attempt was lost."""

    def write(job: Any) -> str:
        words = child.last_words()
        if words:
            lifecycle.note(job, words, "error")
        lifecycle.attempt_lost(job, describe_exit(code))
        lifecycle.tell_if_ended(job)
        return f"lost: {describe_exit(code)}"

    try:
        return lease.commit(write)
    except LeaseLost:
        return f"ended with {code}"


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"its process ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process was ended by signal {-code}"

"""Workflow of a job row: claimed, ended, lost, stopped, queued again. All of it by conditional writes in Postgres."""

from __future__ import annotations

import datetime as dt
import os
import socket
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from experiments.jobs import queue
from experiments.jobs.kinds import MODELS, WHEN_ENDED, function_named
from experiments.jobs.lease import Lease
from experiments.models import Experiment, FailureKind, Job, JobStatus, LogLine

log = structlog.get_logger(__name__)
MAX_BACKOFF_SECONDS = 30
STARTING = "Starting"
"""Phase of a job that is claimed and whose process has not begun with it."""


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(kind: str, pk: Any = None) -> Lease | None:
    """Takes the longest waiting job of this kind (or the one named), or None. SKIP LOCKED: never two takers of one."""
    model = MODELS[kind]
    now = timezone.now()
    with transaction.atomic():
        waiting = model._default_manager.claimable(now)
        if pk is not None:
            waiting = waiting.filter(pk=pk)
        job: Any = waiting.select_for_update(of=("self",), skip_locked=True).first()
        if job is None:
            return None
        job.status = JobStatus.RUNNING
        job.attempt += 1
        job.lease_token += 1
        job.worker = worker_name()
        job.started_at = job.started_at or now
        job.heartbeat_at = now
        job.lease_until = now + dt.timedelta(seconds=settings.JOB_LEASE_SECONDS)
        job.phase, job.phase_started_at = STARTING, now
        job.progress_done = job.progress_total = 0
        job.save()
    return Lease(model, job.pk, job.lease_token, job.attempt)


def end(job: Job, status: JobStatus, *, kind: str = "", reason: str = "") -> None:
    """Sets a terminal state on a locked row. The caller saves it (Lease.commit does)."""
    job.status = status
    job.finished_at = timezone.now()
    job.lease_until = None
    job.failure_kind, job.failure_reason = kind, reason
    if status is not JobStatus.RUNNING:
        job.phase = ""


def attempt_lost(job: Job, reason: str) -> None:
    """On a locked running row: queued again with a pause, or failed when its attempts are used up.

    Raising the token here is what fences the old attempt off, dead or only asleep.
    """
    job.lease_token += 1
    job.lease_until = None
    note(job, f"Attempt {job.attempt} of {job.max_attempts} was lost: {reason}", "warning")
    if job.stop_requested_at is not None:
        end(job, JobStatus.CANCELLED)
    elif job.attempt >= job.max_attempts:
        why = f"Every one of its {job.max_attempts} attempts was lost; the last one because {reason}."
        end(job, JobStatus.FAILED, kind=FailureKind.WORKER_LOST, reason=why)
    else:
        pause = min(2**job.attempt, MAX_BACKOFF_SECONDS)
        job.status = JobStatus.QUEUED
        job.not_before = timezone.now() + dt.timedelta(seconds=pause)
        job.phase = "Waiting for another attempt"


def hand_back(job: Job, reason: str) -> None:
    """On a locked running row: queued again at once and the attempt not counted, as its worker was told to stop."""
    job.lease_token += 1
    job.lease_until = None
    job.attempt -= 1
    job.status = JobStatus.QUEUED
    job.not_before = None
    job.phase = "Waiting for a worker"
    note(job, f"{reason} The run goes on from its last checkpoint.", "warning")


def reap() -> int:
    """Queues again, or fails, every job whose lease ran out. Safe to run anywhere, at any time, at once."""
    found = 0
    for kind, model in MODELS.items():
        now = timezone.now()
        for pk in model._default_manager.lost(now).values_list("pk", flat=True):
            with transaction.atomic():
                job = (
                    model._default_manager.lost(now)
                    .select_for_update(of=("self",), skip_locked=True)
                    .filter(pk=pk)
                    .first()
                )
                if job is None:
                    continue
                attempt_lost(
                    job, f"its worker ({job.worker or 'unknown'}) was not heard of for {settings.JOB_LEASE_SECONDS:g} s"
                )
                tell_if_ended(job)
                job.save()
                found += 1
                log.warning("lost attempt", kind=kind, job=str(job.pk), attempt=job.attempt, status=job.status)
    return found


def request_stop(job: Job, person: Any) -> Job:
    """Cancels a waiting job at once; asks a running one to stop, which it does within seconds. Idempotent."""
    with transaction.atomic():
        locked = type(job)._default_manager.select_for_update(of=("self",)).get(pk=job.pk)
        if locked.state in (JobStatus.QUEUED, JobStatus.RUNNING) and locked.stop_requested_at is None:
            locked.stop_requested_at = timezone.now()
            locked.stop_requested_by = person
            note(locked, f"{person or 'Its search'} asked it to stop.", "warning")
            if locked.state is JobStatus.QUEUED:
                end(locked, JobStatus.CANCELLED)
                tell_if_ended(locked)
            locked.save()
    return locked


def enqueue_again(job: Job, person: Any) -> Job:
    """Failed or cancelled → queued, keeping epochs and checkpoints. Raises JobStateError for other states."""
    with transaction.atomic():
        locked = type(job)._default_manager.select_for_update(of=("self",)).get(pk=job.pk)
        locked.enqueue()
        note(locked, f"{person} started it again.", "info")
        locked.save()
        queue.ring_on_commit(locked.KIND)
    return locked


def note(job: Job, message: str, level: str) -> None:
    """One line in the job's own log, for kinds that have one."""
    if isinstance(job, Experiment):
        LogLine.objects.create(
            experiment=job, attempt=max(job.attempt, 0), at=timezone.now(), level=level, message=message
        )


def tell_if_ended(job: Job) -> None:
    """Lets the kind's own follow-up (telling the trackers) happen in the transaction that ends a job."""
    if job.is_terminal and job.KIND in WHEN_ENDED:
        function_named(WHEN_ENDED[job.KIND])(job, job.state)

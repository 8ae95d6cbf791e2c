"""The columns and states that every background job has. The row is the truth; the queue only rings a bell.

The pattern (docs/architecture.md, "Jobs"): a worker claims a queued row and gets a *lease* - a token that is one
higher than the last. Whoever writes results does so under a lock on this row with its own token in the WHERE clause,
so an attempt that lost its lease cannot write anything, however late it wakes up.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from mlopspro.accounts.models import WorkspaceOwned, WorkspaceQuerySet


class JobStatus(models.TextChoices):
    """States of a job, declared once with how they look. ``tone`` is one of the badge tones of the design."""

    DRAFT = "draft", "Draft"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        return _LOOKS[self][0]

    @property
    def icon(self) -> str:
        return _LOOKS[self][1]

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


_LOOKS = {
    JobStatus.DRAFT: ("neutral", "pencil"),
    JobStatus.QUEUED: ("neutral", "clock"),
    JobStatus.RUNNING: ("info", "loader-circle"),
    JobStatus.COMPLETED: ("good", "circle-check"),
    JobStatus.FAILED: ("bad", "circle-x"),
    JobStatus.CANCELLED: ("neutral", "ban"),
}
ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
REPEATABLE = frozenset({JobStatus.DRAFT, JobStatus.FAILED, JobStatus.CANCELLED})


class FailureKind(models.TextChoices):
    """Why a job failed, for people who decide what to do about it."""

    ERROR = "error", "Failed"
    BAD_INPUT = "bad_input", "Bad input"
    DIVERGED = "diverged", "Diverged"
    OUT_OF_MEMORY = "out_of_memory", "Out of memory"
    TIMED_OUT = "timed_out", "Timed out"
    WORKER_LOST = "worker_lost", "Worker lost"
    NO_SPACE = "no_space", "Disk full"


class JobStateError(Exception):
    """A transition that the job's present state does not allow; the message can be shown to people."""


JobT = TypeVar("JobT", bound=models.Model)


class JobQuerySet(WorkspaceQuerySet[JobT]):
    def claimable(self, now: dt.datetime) -> JobQuerySet[JobT]:
        """Queued jobs that may start now, the longest waiting first."""
        due = models.Q(not_before__isnull=True) | models.Q(not_before__lte=now)
        return self.filter(due, self._worked_off(), status=JobStatus.QUEUED).order_by("queued_at", "pk")

    def lost(self, now: dt.datetime) -> JobQuerySet[JobT]:
        """Running jobs whose lease ran out. Rows without a lease need a word: NULL < now is not true."""
        out = models.Q(lease_until__lt=now) | models.Q(lease_until__isnull=True)
        return self.filter(out, self._worked_off(), status=JobStatus.RUNNING)

    def _worked_off(self) -> models.Q:
        model: Any = self.model
        chosen: models.Q = model.WORKED_OFF
        return chosen


class Job(WorkspaceOwned):
    """Abstract base of the rows that workers work off."""

    KIND: ClassVar[str]
    WORKED_OFF: ClassVar[models.Q] = models.Q()
    """Which rows of the table our workers work off; others are only read here."""

    status = models.CharField(max_length=12, choices=JobStatus.choices, default=JobStatus.QUEUED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    not_before = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    lease_token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    failure_kind = models.CharField(max_length=16, choices=FailureKind.choices, blank=True)
    failure_reason = models.TextField(blank=True)

    phase = models.CharField(max_length=80, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    phase_started_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    # --- What people are told -----------------------------------------------------------------------------------
    @property
    def state(self) -> JobStatus:
        return JobStatus(self.status)

    @property
    def is_worked_off(self) -> bool:
        """Whether a worker of ours carries it out; the same as WORKED_OFF says of rows."""
        return True

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def is_stopping(self) -> bool:
        return self.is_active and self.stop_requested_at is not None

    def seems_lost(self, now: dt.datetime | None = None) -> bool:
        """Running, but its worker has been silent for longer than its lease."""
        if self.state is not JobStatus.RUNNING:
            return False
        return (self.lease_until or self.started_at or self.created_at) < (now or timezone.now())

    @property
    def status_label(self) -> str:
        """The word on the badge: the status, or what is more telling than it."""
        if self.seems_lost():
            return "Worker lost"
        if self.is_stopping:
            return "Stopping"
        if self.state is JobStatus.FAILED and self.failure_kind:
            return FailureKind(self.failure_kind).label
        return self.state.label

    @property
    def status_tone(self) -> str:
        return "warning" if self.seems_lost() or self.is_stopping else self.state.tone

    @property
    def status_icon(self) -> str:
        lost = self.seems_lost() or self.failure_kind == FailureKind.WORKER_LOST
        return "unplug" if lost and self.state is not JobStatus.COMPLETED else self.state.icon

    @property
    def duration(self) -> dt.timedelta | None:
        """From the first start to the end (or now); None before the start."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def progress_share(self) -> float | None:
        """0 to 1 within the present phase; None where the phase has no known length."""
        return min(1.0, self.progress_done / self.progress_total) if self.progress_total else None

    @property
    def eta(self) -> dt.timedelta | None:
        """Expected rest of the present phase from its own pace; None until one step of it is done."""
        share, since = self.progress_share, self.phase_started_at
        if self.state is not JobStatus.RUNNING or not share or since is None:
            return None
        return (timezone.now() - since) * ((1 - share) / share)

    # --- Transitions of one row; each refuses a wrong state. Workers' transitions are in experiments.jobs.lease -----
    def enqueue(self) -> None:
        """Draft, failed or cancelled → queued, with all its attempts again. Does not save, does not ring."""
        if self.state not in REPEATABLE:
            raise JobStateError(
                f"It is {self.state.label.lower()}; only a failed or cancelled job can be queued again."
            )
        self.status = JobStatus.QUEUED
        self.queued_at = timezone.now()
        self.attempt = 0
        self.not_before = self.finished_at = self.stop_requested_at = None
        self.stop_requested_by = None
        self.failure_kind = self.failure_reason = ""
        self.phase, self.progress_done, self.progress_total = "", 0, 0

    def queue_position(self) -> int | None:
        """1 = next; None when it does not wait."""
        if self.state is not JobStatus.QUEUED or self.queued_at is None or not self.is_worked_off:
            return None
        earlier = models.Q(queued_at__lt=self.queued_at) | models.Q(queued_at=self.queued_at, pk__lt=self.pk)
        waiting = type(self)._default_manager.filter(earlier, self.WORKED_OFF, status=JobStatus.QUEUED)
        return waiting.count() + 1


def job_constraints(name: str) -> list[models.BaseConstraint]:
    """Row-level rules of a job table, with names of its own."""
    return [
        models.CheckConstraint(condition=models.Q(status__in=JobStatus.values), name=f"{name}_status_known"),
        models.CheckConstraint(
            condition=models.Q(status__in=["draft", "queued", "running"]) | models.Q(finished_at__isnull=False),
            name=f"{name}_ended_has_end",
        ),
        models.CheckConstraint(
            condition=~models.Q(status=JobStatus.FAILED) | ~models.Q(failure_reason=""),
            name=f"{name}_failed_has_reason",
        ),
    ]


def job_indexes(name: str) -> list[models.Index]:
    """Partial indexes: waiting and running rows are found at once however long the history is."""
    return [
        models.Index(fields=["queued_at", "id"], condition=models.Q(status="queued"), name=f"{name}_waiting"),
        models.Index(fields=["lease_until"], condition=models.Q(status="running"), name=f"{name}_running"),
    ]

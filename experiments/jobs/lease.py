"""The right of one attempt to write, and its loss."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from experiments.models import Job, JobStatus

log = structlog.get_logger(__name__)
T = TypeVar("T")

DATABASE_PATIENCE_SECONDS = 300.0
"""How long an attempt waits for a database that went away before it gives up; its checkpoint outlives it."""


class LeaseLost(Exception):
    """Another attempt owns this job now. Whoever sees this stops at once and writes nothing."""


def patiently(call: Callable[[], T], patience: float = DATABASE_PATIENCE_SECONDS) -> T:
    """``call()``, tried again while PostgreSQL is away. Safe for calls that are one transaction under a lease."""
    deadline = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            return call()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("database unavailable, trying again", error=str(error).splitlines()[0] if str(error) else "")
            connection.close()
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


@dataclass(frozen=True)
class Lease:
    """Attempt ``attempt`` of job ``pk``, recognised by ``token``."""

    model: type[Job]
    pk: Any
    token: int
    attempt: int

    def commit(self, write: Callable[[Any], T]) -> T:
        """Runs ``write(job)`` in one transaction with the job row locked and saves the row; or raises LeaseLost.

        Everything an attempt leaves in the database goes through here, so that no two attempts ever both write.
        """
        return patiently(lambda: self.commit_once(write))

    def commit_once(self, write: Callable[[Any], T]) -> T:
        """commit without waiting for a database that is away."""
        with transaction.atomic():
            job = (
                self.model._default_manager.select_for_update(of=("self",))
                .filter(pk=self.pk, lease_token=self.token, status=JobStatus.RUNNING)
                .first()
            )
            if job is None:
                raise LeaseLost(f"{self.model.KIND} {self.pk}: attempt {self.attempt} no longer owns it")
            result = write(job)
            job.save()
            return result

    def renew(self) -> bool:
        """Heartbeat: extends the lease by one UPDATE. Returns whether a person asked to stop. Raises LeaseLost."""
        now = timezone.now()
        rows = self.model._default_manager.filter(pk=self.pk, lease_token=self.token, status=JobStatus.RUNNING)
        until = now + dt.timedelta(seconds=settings.JOB_LEASE_SECONDS)
        if rows.update(heartbeat_at=now, lease_until=until) == 0:
            raise LeaseLost(f"{self.model.KIND} {self.pk}: attempt {self.attempt} no longer owns it")
        return rows.filter(stop_requested_at__isnull=False).exists()

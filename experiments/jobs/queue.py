"""Ringing the bell: telling Celery that there is work. Postgres knows which.

A message carries no job, only the kind. So a lost message costs seconds (the sweep rings again), a message delivered
twice finds nothing to claim and ends at once, and a broker that is down, slow or empty loses no job.
"""

from __future__ import annotations

import queue as queues
import threading
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from experiments.jobs.kinds import BELLS, MODELS, QUEUES
from mlopspro.celery import app

log = structlog.get_logger(__name__)
RUN_JOB = "experiments.tasks.run_job"


class Ringer:
    """Sends the messages from one daemon thread, so that no request ever waits for the broker."""

    def __init__(self) -> None:
        self._waiting: queues.Queue[str] = queues.Queue(maxsize=1000)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ring(self, kind: str) -> None:
        """Never blocks and never fails: what it cannot send, the sweep sends."""
        with self._lock:
            # Started here and not at import: threads do not survive the fork of the web server's workers.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_all, name="ringer", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(kind)
        except queues.Full:
            log.warning("bell not rung, the sweep will", kind=kind)

    def _send_all(self) -> None:
        while True:
            kind = self._waiting.get()
            try:
                send(kind)
            except Exception as error:  # whatever the broker client raises: the sweep rings again
                log.warning("bell not rung, the sweep will", kind=kind, error=str(error))
            finally:
                self._waiting.task_done()

    def flush(self, seconds: float) -> None:
        """Waits a little for what is on its way; for commands that end right after a launch."""
        waiter = threading.Thread(target=self._waiting.join, daemon=True)
        waiter.start()
        waiter.join(seconds)


ringer = Ringer()


def send(kind: str) -> None:
    """One message, now. May take seconds or fail where the broker is in trouble."""
    if kind in BELLS:
        task, queue = BELLS[kind]
        app.send_task(task, queue=queue, retry=False, ignore_result=True)
    else:
        app.send_task(RUN_JOB, args=[kind], queue=QUEUES[kind], retry=False, ignore_result=True)


def ring_on_commit(kind: str) -> None:
    transaction.on_commit(lambda: ringer.ring(kind))


def sweep() -> int:
    """Rings for every waiting job that has no message in the queue. Returns the number of messages sent."""
    sent = 0
    with app.connection_for_write() as connection:
        client: Any = connection.default_channel.client  # type: ignore[attr-defined]  # of the Redis transport
        for kind, model in MODELS.items():
            waiting = model._default_manager.claimable(timezone.now()).count()
            missing = max(0, waiting - client.llen(QUEUES[kind])) if waiting else 0
            for _ in range(missing):
                send(kind)
            sent += missing
    return sent

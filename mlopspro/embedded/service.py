"""What the three embedded services have in common."""

from __future__ import annotations

import time
from typing import Protocol

from mlopspro.embedded import processes


class ServiceError(RuntimeError):
    """A service did not start or stop; the message ends with the last lines of its log."""


class Service(Protocol):
    """A server that this machine runs for itself."""

    name: str
    title: str
    start_timeout: float

    def find(self) -> processes.Record | None:
        """The running server of this var folder, if there is one."""
        ...

    def launch(self) -> processes.Record:
        """Start the server without waiting for it."""
        ...

    def ready(self) -> bool:
        """Whether the server answers."""
        ...

    def prepare(self) -> None:
        """Make what the product expects inside the running server; does nothing the second time."""
        ...

    def stop(self) -> None:
        """End the server in the way that is safe for its data."""
        ...


ATTEMPTS = 3
PAUSE = 1.0
"""Seconds between attempts. Just after a kill the old server's port or memory may not be free yet."""


def start(service: Service) -> bool:
    """Find or start ``service`` and wait until it answers. Returns whether it had to be started.

    Raises ServiceError if it ends each time, or does not answer in time.
    """
    record = service.find()
    started = record is None
    for attempt in range(ATTEMPTS):
        if record is None:
            record = service.launch()
        if _becomes_ready(service, record):
            service.prepare()
            return started
        if record.is_alive() or attempt + 1 == ATTEMPTS:
            break
        record, started = None, True
        time.sleep(PAUSE)
    raise ServiceError(
        f"{service.title} did not start. The end of {processes.log_path(service.name)}:\n"
        f"{processes.last_lines(service.name)}"
    )


def _becomes_ready(service: Service, record: processes.Record) -> bool:
    processes.wait_until(lambda: service.ready() or not record.is_alive(), service.start_timeout)
    return service.ready()

"""What the three embedded services have in common."""

from __future__ import annotations

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


def start(service: Service) -> bool:
    """Find or start ``service`` and wait until it answers. Returns whether it had to be started.

    Raises ServiceError if it ends, or does not answer in time.
    """
    record = service.find()
    started = record is None
    if record is None:
        record = service.launch()
    alive = record
    processes.wait_until(lambda: service.ready() or not alive.is_alive(), service.start_timeout)
    if not service.ready():
        raise ServiceError(
            f"{service.title} did not start. The end of {processes.log_path(service.name)}:\n"
            f"{processes.last_lines(service.name)}"
        )
    service.prepare()
    return started

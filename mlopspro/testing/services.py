"""Handles by which a test stops, starts, freezes and kills one real embedded service."""

from __future__ import annotations

import signal
from types import TracebackType

import psutil

from mlopspro import embedded
from mlopspro.embedded import processes


class ServiceControl:
    """One of ``postgres``, ``redis``, ``mlflow``. As a context manager it is running again afterwards."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.service = embedded.service(name)

    @property
    def pid(self) -> int:
        """Pid of the running server. Raises LookupError if it does not run."""
        record = self.service.find()
        if record is None:
            raise LookupError(f"{self.service.title} does not run")
        return record.pid

    def is_running(self) -> bool:
        return self.service.find() is not None

    def start(self) -> None:
        """Find or start it, and wait until it answers."""
        embedded.ensure_running(self.name)

    def stop(self) -> None:
        """End it as an administrator would."""
        embedded.stop(self.name)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL, as power loss looks to everybody else; waits until it is gone."""
        record = self.service.find()
        if record is not None and (process := record.process()) is not None:
            process.kill()
            processes.wait_until(lambda: not record.is_alive(), 10)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        psutil.Process(self.pid).send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        psutil.Process(self.pid).send_signal(signal.SIGCONT)

    def __enter__(self) -> ServiceControl:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.is_running():
            self.thaw()
        self.start()

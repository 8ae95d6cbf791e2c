"""Runs the processes of one installation until it is told to stop, and leaves none behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import FrameType

import psutil

from mlopspro import embedded
from mlopspro.embedded import processes
from mlopspro.embedded.paths import log_dir
from mlopspro.supervisor import logs
from mlopspro.supervisor.child import Child
from mlopspro.supervisor.roles import Role

ROLE_NAMES = ("web", "worker-io", "worker-train", "beat", "log-shipper", "mlflow")
TICK = 0.5
ROTATE_EVERY = 60.0
LAST_PATIENCE = 3.0
"""Seconds that descendants get to end by themselves after their parent did, as training processes do."""


class Supervisor:
    """Starts roles, restarts those that die, watches the embedded services, and stops everything in order.

    Usage: construct, ``install_signals()``, ``start(role)`` each, then ``run()`` until a signal, then ``stop()``.
    """

    def __init__(self, say: Callable[[str], None], services: Sequence[str] = ()) -> None:
        self.say = say
        self.services = [name for name in services if not embedded.is_given(name)]
        self.children: list[Child] = []
        self.stopping = threading.Event()
        self.impatient = threading.Event()
        self._rotated_at = 0.0

    def install_signals(self) -> None:
        """SIGINT and SIGTERM end the run; a second one ends it without waiting."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self, role: Role) -> Child:
        child = Child(role, self.say)
        child.start()
        self.children.append(child)
        return child

    def wait_for(self, child: Child, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until ``condition`` holds; False if the child died, time ran out or a stop was asked for."""
        processes.wait_until(
            lambda: condition() or not child.is_alive() or self.stopping.is_set(), timeout, interval=0.1
        )
        return not self.stopping.is_set() and condition()

    def run(self) -> None:
        """Watch until a stop is asked for."""
        while not self.stopping.wait(TICK):
            self.watch()

    def watch(self) -> None:
        """One look at everything."""
        for name in self.services:
            self._watch_service(name)
        for child in self.children:
            child.watch()
        if time.monotonic() - self._rotated_at > ROTATE_EVERY:
            self._rotated_at = time.monotonic()
            logs.rotate(log_dir())

    def stop(self) -> None:
        """End all processes, then stop using the embedded services (the last user stops them)."""
        self.stopping.set()
        family = [process for child in reversed(self.children) for process in child.ask_to_end()]
        started = time.monotonic()
        while any(self._has_time(child, time.monotonic() - started) for child in self.children):
            time.sleep(0.05)
        processes.kill_all(family, patience=0.0 if self.impatient.is_set() else LAST_PATIENCE)
        for child in self.children:
            processes.forget(child.role.name)
        self.children.clear()

    def _has_time(self, child: Child, waited: float) -> bool:
        return child.is_alive() and waited < child.role.grace and not self.impatient.is_set()

    def _watch_service(self, name: str) -> None:
        service = embedded.service(name)
        if service.find() is not None:
            return
        self.say(f"{service.title} ended; starting it again (log: {processes.log_path(name)})")
        try:
            embedded.ensure_running(name)
        except embedded.ServiceError as error:
            self.say(str(error))
            self.stopping.wait(5)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping.is_set():
            self.impatient.set()
        self.stopping.set()


def end_leftovers(names: Iterable[str] = ROLE_NAMES) -> list[str]:
    """End processes of an earlier supervisor that was killed; returns the names of those found.

    Only with the lock of ``up`` held: then no supervisor lives that they could belong to.
    """
    found = []
    family: list[psutil.Process] = []
    for name in names:
        record = processes.find(name)
        process = record.process() if record is not None else None
        if process is not None:
            found.append(name)
            family += [process, *processes.descendants(process)]
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        processes.forget(name)
    processes.kill_all(family, patience=5.0)
    return found

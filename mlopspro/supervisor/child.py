"""One supervised process: started, watched, started again when it dies, asked to end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from mlopspro.embedded import processes
from mlopspro.supervisor.roles import REPOSITORY, Role

FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0
"""Seconds alive after which earlier deaths are forgotten."""


class Child:
    """A process of one role. Its record in var/run lets the next supervisor find it, should this one be killed."""

    def __init__(self, role: Role, say: Callable[[str], None]) -> None:
        self.role = role
        self.say = say
        self.record: processes.Record | None = None
        self.announced = role.ready is None
        self._started_at = 0.0
        self._delay = FIRST_DELAY
        self._next_start = 0.0

    def start(self) -> None:
        self.record = processes.spawn(
            self.role.name,
            self.role.argv,
            environment={**os.environ, "PYTHONUNBUFFERED": "1", **self.role.environment},
            folder=REPOSITORY,
        )
        self._started_at = time.monotonic()

    def watch(self) -> None:
        """Start the process again if it died, each time after a longer pause; say once when it became ready."""
        if self.record is not None and self.record.is_alive():
            self._announce()
            return
        if self.record is not None:
            self._note_death(self.record)
            return
        if time.monotonic() >= self._next_start:
            self.start()

    def ask_to_end(self) -> list[psutil.Process]:
        """Send the role's stop signal; returns the process and its descendants, to be seen off later."""
        process = self.record.process() if self.record is not None else None
        if process is None:
            return []
        family = [process, *processes.descendants(process)]
        with suppress(psutil.NoSuchProcess):
            process.send_signal(self.role.stop_signal)
        return family

    def is_alive(self) -> bool:
        return self.record is not None and self.record.is_alive()

    def _announce(self) -> None:
        if not self.announced and self.role.ready is not None and self.role.ready():
            self.announced = True
            seconds = time.monotonic() - self._started_at
            self.say(f"{self.role.title} is up ({seconds:.0f} s)")

    def _note_death(self, record: processes.Record) -> None:
        if time.monotonic() - self._started_at > STEADY_AFTER:
            self._delay = FIRST_DELAY
        code = record.exit_code()
        end = (
            "ended" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        )
        self.say(
            f"{self.role.title} {end}; starting it again in {self._delay:.0f} s "
            f"(log: {processes.log_path(self.role.name)})"
        )
        self.record = None
        self._next_start = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)


def _in_words(exit_code: int | None) -> str:
    if exit_code is None:
        return "ended"
    return f"was ended by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"

"""Signs of life: every process of the product says every few seconds that it lives, and how it finds the world.

One background thread a process. It asks the database with a connection made anew each time, so it takes none away from
requests, and what it measures is what the next request would meet. A database that is away costs a beat, nothing else.
A process that ends says goodbye; one that is killed cannot, and its row, growing old, is how one learns of it.
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.models import ProcessBeat

log = structlog.get_logger(__name__)
Details = dict[str, Any]
HOST = socket.gethostname()[:120]
NAMES = ("web", "worker-train", "worker-io", "beat", "log-shipper")
EVERY = 10.0
MISSED = 3
"""Beats that may fail to come before a process counts as lost."""
JOIN_SECONDS = 3.0


def seconds_between() -> float:
    """How often a process beats. ``settings.BEAT_SECONDS`` of 0 turns the threads off (tests)."""
    return float(settings.BEAT_SECONDS) or EVERY


def lost_after() -> float:
    """Seconds of silence after which a process counts as lost."""
    return MISSED * seconds_between()


def beat(name: str, details: Details, *, started_at: dt.datetime | None = None) -> None:
    """One sign of life of this process under ``name``. Raises what the database raises."""
    now = timezone.now()
    row = ProcessBeat(
        name=name, host=HOST, pid=os.getpid(), started_at=started_at or now, beat_at=now, details=details
    )  # fmt: skip
    ProcessBeat.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["name", "host", "pid"],
        update_fields=["started_at", "beat_at", "details"],
    )


def goodbye(name: str) -> None:
    """This process ends as it should: nobody is to miss it."""
    ProcessBeat.objects.filter(name=name, host=HOST, pid=os.getpid()).delete()


class _Beating:
    """The thread of this process, under one name or several (a worker that serves all queues)."""

    def __init__(self, every: float) -> None:
        self.pid = os.getpid()
        self.every = every
        self.started_at = timezone.now()
        self.names: dict[str, Callable[[], Details] | None] = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def _run(self) -> None:
        while True:
            self.once()
            if self.stopping.wait(self.every):
                return

    def once(self) -> None:
        """One beat of every name, then what else is done at this rhythm. Never raises."""
        try:
            shared = _gathered()
            for name, own in list(self.names.items()):
                beat(name, {**shared, **(_guarded(name, own) or {})}, started_at=self.started_at)
        except Exception as error:  # whatever the database says: the next beat is the next try
            log.warning("no sign of life written", error=_first_line(error))
        for act in _acts:
            _guarded("after a beat", act)
        _close()

    def end(self) -> None:
        self.stopping.set()
        if self.thread is not threading.current_thread():
            self.thread.join(JOIN_SECONDS)
        for act in _acts:
            _guarded("before the end", act)
        with suppress(Exception):
            for name in self.names:
                goodbye(name)
        _close()


_lock = threading.Lock()
_beating: _Beating | None = None
_sources: dict[str, Callable[[], Any]] = {}
_acts: list[Callable[[], Any]] = []


def provide(key: str, source: Callable[[], Any]) -> None:
    """Has every beat of this process carry ``source()``, JSON, under ``key``. Called from the beat's thread."""
    _sources[key] = source


def also(act: Callable[[], Any]) -> None:
    """Has ``act`` called after every beat and once more before the end, in the beat's thread."""
    if act not in _acts:
        _acts.append(act)


def start(name: str, every: float | None = None, details: Callable[[], Details] | None = None) -> bool:
    """Begins to beat under ``name`` from a daemon thread; asked again, it does nothing.

    After a fork the child has no thread and starts its own. False where beats are turned off.
    """
    global _beating
    if not settings.BEAT_SECONDS:
        return False
    with _lock:
        if _beating is None or _beating.pid != os.getpid():
            _beating = _Beating(every or seconds_between())
            _beating.names[name] = details
            _beating.thread.start()
            atexit.register(stop)
        elif name not in _beating.names:
            _beating.names[name] = details
    return True


def stop(**_: object) -> None:
    """Says goodbye for all names of this process and ends its thread. Harmless twice, and in a forked child."""
    global _beating
    with _lock:
        ours, _beating = _beating, None
    if ours is not None and ours.pid == os.getpid():
        ours.end()


def _gathered() -> Details:
    found: Details = {}
    for key, source in list(_sources.items()):
        value = _guarded(key, source)
        if value is not None:
            found[key] = value
    return found


def _guarded(what: str, source: Callable[[], Any] | None) -> Any:
    if source is None:
        return None
    try:
        return source()
    except Exception as error:  # one source that fails must not silence the process
        log.warning("left out of a sign of life", what=what, error=_first_line(error))
        return None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _close() -> None:
    with suppress(Exception):
        connection.close()


def _after_fork() -> None:
    """The child of a process whose lock was held at that moment would wait for ever."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

"""Clients that insist, and somebody who kills what they talk to: used by a test and by benchmarks/chaos.py.

``Clients`` send predictions and ask for lists until each was accepted; what fails on the way is tried again with the
same key, as callers are told to do. ``Killer`` ends processes without warning at moments that follow from a seed, and
starts them again as the supervisor and the service manager would.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from mlopspro.embedded import processes
from mlopspro.testing.live_stack import LiveStack
from mlopspro.testing.services import ServiceControl

VICTIMS = ("web", "web worker", "worker-io", "log-shipper", "redis", "postgres")
SERVICES = ("redis", "postgres")
PATIENCE_SECONDS = 120.0
MAX_PAUSE_SECONDS = 0.3


@dataclass(frozen=True)
class Kill:
    """Who was killed and when it answered again, in seconds since the beginning."""

    victim: str
    at: float
    back: float


class Killer:
    """Kills ``count`` victims, each once before any is killed again; ends early where ``gave_up`` says so."""

    def __init__(self, stack: LiveStack, *, seed: int, count: int, between: tuple[float, float] = (0.3, 1.5)) -> None:
        self.stack, self.between = stack, between
        self.random = random.Random(seed)  # noqa: S311  it repeats, that is the point
        order = list(VICTIMS)
        self.random.shuffle(order)
        self.victims = [order[number % len(order)] for number in range(count)]
        self.kills: list[Kill] = []
        self.services = {name: ServiceControl(name) for name in SERVICES}
        self.began = time.monotonic()

    def run(self, gave_up: Callable[[], bool]) -> None:
        for victim in self.victims:
            time.sleep(self.random.uniform(*self.between))
            if gave_up():
                return
            at = time.monotonic() - self.began
            self._kill(victim)
            time.sleep(self.random.uniform(0.0, 0.5))
            self._start(victim)
            self.kills.append(Kill(victim, at, time.monotonic() - self.began))

    def _kill(self, victim: str) -> None:
        if victim in SERVICES:
            self.services[victim].kill()
        elif victim == "web worker":
            # gunicorn starts another one; its master and the socket stay.
            children = self.stack.family("web")[1:]
            if children:
                self.random.choice(children).kill()
        else:
            processes.kill_all(self.stack.family(victim), patience=0.0)

    def _start(self, victim: str) -> None:
        if victim in SERVICES:
            self.services[victim].start()
        elif victim != "web worker":
            processes.wait_until(lambda: not self.stack.is_alive(victim), 10)
            self.stack.start_role(victim)
        if victim.startswith("web"):
            processes.wait_until(self.stack.answers, 60, interval=0.1)


@dataclass
class Accepted:
    """What clients were told is safe: keys of predictions sent, ids of lists answered, failures on the way."""

    keys: list[str] = field(default_factory=list)
    feedback: int = 0
    lists: list[uuid.UUID] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)
    """(seconds since the beginning, what) of each attempt that failed and was made again."""


class Clients:
    """``batches`` of ``batch`` predictions and lists for users, asked at once by ``senders`` and ``askers`` threads."""

    def __init__(self, url: str, token: str, *, began: float) -> None:
        self.url, self.token, self.began = url, token, began
        self.accepted = Accepted()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self.errors: list[BaseException] = []

    def send(self, bodies: Iterator[tuple[list[str], str, bytes]], *, pause: float = 0.0) -> None:
        """Hands bodies of (keys, path, JSON) to the site in another thread, each until it was accepted."""

        def work() -> None:
            line = _Line(self.url, self.token)
            for keys, path, body in bodies:
                if self._stop.is_set():
                    return
                self._insist(lambda: line.call("POST", path, body))  # noqa: B023  called at once
                with self._lock:
                    if path.endswith("/feedback"):
                        self.accepted.feedback += len(keys)
                    else:
                        self.accepted.keys += keys
                time.sleep(pause)

        self._start(work)

    def ask(
        self, users: Sequence[str], count: int, *, pause: float = 0.0, until: Callable[[], bool] = lambda: True
    ) -> None:
        """Asks for ``count`` lists in another thread, and for more until ``until`` says that it is enough."""

        def work() -> None:
            line, chance = _Line(self.url, self.token), random.Random(0)  # noqa: S311
            asked = 0
            while asked < count or not until():
                if self._stop.is_set():
                    return
                asked += 1
                path = f"/api/recommend/{quote(chance.choice(users), safe='')}"
                found = self._insist(lambda: line.call("GET", path))  # noqa: B023  called at once
                with self._lock:
                    self.accepted.lists.append(uuid.UUID(found["data"]["prediction_id"]))
                time.sleep(pause)

        self._start(work)

    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def join(self, seconds: float) -> None:
        """Waits for all. Raises what went wrong in a thread, TimeoutError where they do not end."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        over = self.is_over()
        self._stop.set()
        if self.errors:
            raise self.errors[0]
        if not over:
            raise TimeoutError(
                f"clients are not done after {seconds:g} s; last failures: {self.accepted.failures[-5:]}"
            )

    def begin_again(self) -> None:
        """Forgets what was done until now, but for the lists: those stand in the log and are counted."""
        self._threads.clear()
        self._stop.clear()
        self.accepted.failures.clear()

    def _start(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self.errors.append(error)

        self._threads.append(threading.Thread(target=guarded, daemon=True))
        self._threads[-1].start()

    def _insist(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_SECONDS
        pause = 0.01
        while True:
            try:
                return call()
            except (OSError, http.client.HTTPException, _Failed) as error:
                with self._lock:
                    self.accepted.failures.append((time.monotonic() - self.began, repr(error)[:200]))
                if time.monotonic() > until or self._stop.is_set():
                    raise
                time.sleep(pause)
                pause = min(2 * pause, MAX_PAUSE_SECONDS)


class _Failed(Exception):
    """A status of 500 and more."""


class _Line:
    """A kept connection that is opened anew after each failure."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        try:
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        if answer.status >= 500 or answer.status == 429:
            raise _Failed(f"{answer.status} {content[:160]!r}")
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:500]!r}")
        found: dict[str, Any] = json.loads(content)
        return found


def unexplained(accepted: Accepted, kills: Sequence[Kill], *, grace: float = 5.0) -> list[tuple[float, str]]:
    """Answers of 500 and more at moments at which PostgreSQL was not away, nor had been for ``grace`` seconds.

    Connections that break or are refused are the web process' own death, and no answer at all.
    """
    away = [kill for kill in kills if kill.victim == "postgres"]
    return [
        (at, what)
        for at, what in accepted.failures
        if what.startswith("_Failed") and not any(kill.at - 0.1 <= at <= kill.back + grace for kill in away)
    ]

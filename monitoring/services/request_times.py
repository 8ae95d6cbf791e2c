"""How long answers take: noted in memory by each web process, written as ServiceMinute rows by its beat's thread.

A request pays for one append. Times of a minute go into a KLL sketch (Karnin, Lang, Liberty 2016; rank error 1.33 %
at k = 200), which merges over processes and minutes without a loss of its bound. A row is written whole each time,
under (minute, group, process), so writing it again after a failure counts nothing twice.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from datasketches import kll_doubles_sketch
from django.utils import timezone

from monitoring.models import ServiceMinute
from monitoring.services.beats import HOST

GROUPS = ("recommend", "predict", "ingest", "page", "api")
SKETCH_K = 200
KEPT_MINUTES = 10
"""Unwritten minutes that a process keeps while the database is away; shorter than FOLD_AFTER of service_minutes."""
SETTLED_SECONDS = 120
"""After its end no answer of a minute is still on its way, and what is written of it is final."""
MOST_WAITING = 200_000
_UNCOUNTED = ("/static/", "/healthz", "/readyz", "/metrics", "/favicon.ico")


def group_of(method: str | None, path: str) -> str | None:
    """The group an address is counted in; None for static files and probes, which would only flatter the figures."""
    if not path.startswith("/api/"):
        return None if path.startswith(_UNCOUNTED) else "page"
    rest = path[5:]
    if rest.startswith("recommend/"):
        return "recommend"
    if rest.startswith("predict/"):
        return "predict"
    if method == "POST" and rest in ("predictions", "feedback"):
        return "ingest"
    return "api"


@dataclass(slots=True)
class _Minute:
    requests: int = 0
    errors: int = 0
    total_ms: float = 0.0
    sketch: kll_doubles_sketch = field(default_factory=lambda: kll_doubles_sketch(SKETCH_K))
    unwritten: bool = True

    def add(self, ms: float, failed: bool) -> None:
        self.requests += 1
        self.errors += failed
        self.total_ms += ms
        self.sketch.update(ms)
        self.unwritten = True


class RequestTimes:
    """The times of one process. ``note`` is called by requests, ``flush`` by one thread at a time."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, str, float, bool]] = deque(maxlen=MOST_WAITING)
        self._minutes: dict[tuple[int, str], _Minute] = {}
        self._lock = threading.Lock()
        self._process = ""
        self._pid = 0

    def note(self, group: str, ms: float, failed: bool) -> None:
        self._waiting.append((time.time(), group, ms, failed))

    def flush(self) -> int:
        """Writes the minutes that changed; returns how many rows. Raises what the database raises, and keeps them."""
        with self._lock:
            self._begin()
            self._take_in()
            now = time.time()
            self._forget(now)
            changed = {key: minute for key, minute in self._minutes.items() if minute.unwritten}
            if not changed:
                return 0
            ServiceMinute.objects.bulk_create(
                [self._row(key, minute) for key, minute in changed.items()],
                update_conflicts=True,
                unique_fields=["minute", "group", "process"],
                update_fields=["requests", "errors", "total_ms", "sketch"],
            )
            for minute in changed.values():
                minute.unwritten = False
            return len(changed)

    def _begin(self) -> None:
        if self._pid != os.getpid():
            # What stood here before a fork is the parent's to write.
            self._pid = os.getpid()
            self._process = f"{HOST}/{self._pid}/{timezone.now():%Y%m%dT%H%M%S}"
            self._minutes.clear()

    def _take_in(self) -> None:
        while self._waiting:
            at, group, ms, failed = self._waiting.popleft()
            self._minutes.setdefault((int(at) // 60, group), _Minute()).add(ms, failed)

    def _forget(self, now: float) -> None:
        for key, minute in list(self._minutes.items()):
            age = now - (key[0] + 1) * 60
            if age > KEPT_MINUTES * 60 or (age > SETTLED_SECONDS and not minute.unwritten):
                del self._minutes[key]

    def _row(self, key: tuple[int, str], minute: _Minute) -> ServiceMinute:
        return ServiceMinute(
            process=self._process,
            group=key[1],
            minute=dt.datetime.fromtimestamp(key[0] * 60, dt.UTC),
            requests=minute.requests,
            errors=minute.errors,
            total_ms=minute.total_ms,
            sketch=packed(minute.sketch),
        )


def packed(sketch: kll_doubles_sketch) -> str:
    return base64.b64encode(sketch.serialize()).decode()


def unpacked(text: str) -> kll_doubles_sketch:
    return kll_doubles_sketch.deserialize(base64.b64decode(text))


request_times = RequestTimes()

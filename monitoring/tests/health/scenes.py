"""Installations in known states, for tests of health."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from datasketches import kll_doubles_sketch
from django.utils import timezone

from monitoring.models import ProcessBeat, ServiceMinute
from monitoring.services.request_times import SKETCH_K, packed

ROLES = ("web", "worker-io", "worker-train", "beat", "log-shipper")
DISK = {"free": 50_000, "total": 100_000}
SIGNS: dict[str, Any] = {
    "memory_bytes": 100_000_000,
    "database_ms": 4.0,
    "redis": {"ms": 0.4, "queues": {"io": 0, "train": 0}},
    "disks": {"var": DISK, "data": DISK},
}
NUMBERS = iter(range(1000, 10**9))


def add_process(
    name: str, *, silent: float = 0.0, age: float = 600.0, host: str = "one", **details: Any
) -> ProcessBeat:
    now = timezone.now()
    return ProcessBeat.objects.create(
        name=name, host=host, pid=next(NUMBERS), started_at=now - dt.timedelta(seconds=age + silent),
        beat_at=now - dt.timedelta(seconds=silent), details=SIGNS | details,
    )  # fmt: skip


def add_watch(**details: Any) -> ProcessBeat:
    """The row that the scheduled look keeps."""
    now = timezone.now()
    kept = {"schema": {"pending": 0, "applied": {}}, "stale": {}} | details
    return ProcessBeat.objects.create(name="health", host="", pid=0, started_at=now, beat_at=now, details=kept)


def well() -> None:
    """Everything lives and was measured."""
    for role in ROLES:
        add_process(role)
    add_watch()


def add_minute(
    times: Any, *, group: str = "page", errors: int = 0, ago: dt.timedelta = dt.timedelta(0), process: str = "one/1/a"
) -> ServiceMinute:
    """Answers of one process in the minute that was ``ago``."""
    minute = (timezone.now() - ago).replace(second=0, microsecond=0)
    sketch = kll_doubles_sketch(SKETCH_K)
    sketch.update(np.asarray(times, dtype=float))
    return ServiceMinute.objects.create(
        process=process, group=group, minute=minute, requests=len(times), errors=errors,
        total_ms=float(np.sum(times)), sketch=packed(sketch),
    )  # fmt: skip

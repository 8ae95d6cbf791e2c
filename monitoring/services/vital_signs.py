"""What a process measures with every sign of life: how it reaches the database and Redis, and what room it has left.

Measured in the beat's thread and read from its row, so that no page ever waits for Redis, a network disk or a ping.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import redis
from django.conf import settings
from django.db import connection
from redis.exceptions import RedisError

from experiments.jobs.kinds import BELLS, QUEUES
from monitoring.services import beats
from monitoring.services.spool import oldest_pending, pending_bytes, spool_folder

REDIS_SECONDS = 0.5
QUEUE_NAMES = tuple(sorted({*QUEUES.values(), *(queue for _, queue in BELLS.values())}))
_clients: dict[int, Any] = {}


def register() -> None:
    """Has every beat of this process carry its vital signs."""
    beats.provide("memory_bytes", memory_bytes)
    beats.provide("database_ms", database_ms)
    beats.provide("redis", redis_signs)
    beats.provide("disks", disks)
    beats.provide("spool", spool_signs)


def memory_bytes() -> int:
    """Resident memory of this process without its children."""
    return int(psutil.Process().memory_info().rss)


def database_ms() -> float:
    """Milliseconds from no connection to a first answer."""
    began = time.perf_counter()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return round((time.perf_counter() - began) * 1000, 2)


def redis_signs() -> dict[str, Any]:
    """{"ms", "queues": {name: messages that wait}} or {"error"}."""
    client = _clients.setdefault(
        os.getpid(),
        redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=None
        ),
    )
    began = time.perf_counter()
    try:
        client.ping()
        ms = (time.perf_counter() - began) * 1000
        queues = {name: int(client.llen(name)) for name in QUEUE_NAMES}
    except (RedisError, OSError) as error:
        return {"error": type(error).__name__}
    return {"ms": round(ms, 2), "queues": queues}


def disks() -> dict[str, dict[str, int]]:
    """{"var" and "data": {"free", "total"}} in bytes, as this host sees them."""
    found = {}
    for name, folder in (("var", settings.VAR_DIR), ("data", settings.DATA_ROOT)):
        # It may still be to be made; then it will lie on the disk of the folder above.
        there = next(place for place in (Path(folder), *Path(folder).parents) if place.is_dir())
        usage = shutil.disk_usage(there)
        found[name] = {"free": usage.free, "total": usage.total}
    return found


def spool_signs() -> dict[str, Any] | None:
    """{"bytes", "oldest"} of the log entries that wait on this host; None where it has no spool.

    Said by every process and not only by who ships them: it may be what is dead.
    """
    folder = spool_folder()
    if not folder.is_dir():
        return None
    oldest = oldest_pending(folder)
    return {"bytes": pending_bytes(folder), "oldest": oldest.isoformat() if oldest is not None else None}

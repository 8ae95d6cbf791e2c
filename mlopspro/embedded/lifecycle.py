"""Who uses the embedded services, and so when they start and stop.

Every process that needs them is a *holder*. The first starts them, later ones find them, and the last to leave stops
them. A holder that was killed is known by its pid and start time, and no longer counts.
"""

from __future__ import annotations

import atexit
import os
from pathlib import Path

from mlopspro.embedded import addresses, processes
from mlopspro.embedded.locks import file_lock
from mlopspro.embedded.mlflow import MLflow
from mlopspro.embedded.paths import run_dir, var_dir
from mlopspro.embedded.postgres import Postgres
from mlopspro.embedded.redis import Redis
from mlopspro.embedded.service import Service, start

_held_by: int | None = None


def service(name: str) -> Service:
    """The service ``postgres``, ``redis`` or ``mlflow``."""
    services: dict[str, Service] = {"postgres": Postgres(), "redis": Redis(), "mlflow": MLflow()}
    if name not in services:
        raise ValueError(f"no service is called {name!r}; there are {', '.join(services)}")
    return services[name]


def ensure_running(*names: str) -> list[str]:
    """Find or start the named services that the environment does not give, and hold them until this process ends.

    Returns the names of those it had to start. Two processes at once start each service once.
    Raises ServiceError where one does not come up.
    """
    embedded = [name for name in names if not addresses.is_given(name)]
    if not embedded:
        return []
    with file_lock(_lock_file()):
        hold()
        return [name for name in embedded if start(service(name))]


def settle_ports(*names: str) -> None:
    """Draw a new port for each named service that does not run while another program listens on its port.

    Addresses change by this, so it comes before Django's settings are read, and never while others use the services:
    they would go on asking at the old address for one that is just being started again.
    """
    if holders():
        return
    for name in names:
        if addresses.is_given(name) or service(name).find() is not None:
            continue
        if not addresses.port_is_free(addresses.port(name)):
            addresses.redraw_port(name)


def hold() -> None:
    """Count this process among the users of the services, until ``release`` or its end."""
    global _held_by
    if _held_by == os.getpid():
        return
    holders = _holders_dir()
    processes.Record.of("holder", os.getpid()).write(holders / f"{os.getpid()}.json")
    _held_by = os.getpid()
    atexit.register(release)


def release() -> None:
    """Stop using the services; the last user stops them. Does nothing in a process that does not hold them, as in a
    forked child of one that does."""
    global _held_by
    if _held_by != os.getpid() or not var_dir().exists():
        return
    _held_by = None
    with file_lock(_lock_file()):
        (_holders_dir() / f"{os.getpid()}.json").unlink(missing_ok=True)
        if not holders():
            _stop_all()


def stop(*names: str) -> None:
    """Stop the named embedded services whoever holds them; without names, all of them."""
    with file_lock(_lock_file()):
        for name in names or ("mlflow", "redis", "postgres"):
            service(name).stop()


def holders() -> list[int]:
    """Pids of the living processes that use the services; records of dead ones are removed."""
    alive = []
    for path in _holders_dir().glob("*.json"):
        record = processes.Record.read(path)
        if record is not None and record.is_alive():
            alive.append(record.pid)
        else:
            path.unlink(missing_ok=True)
    return sorted(alive)


def _stop_all() -> None:
    for name in ("mlflow", "redis", "postgres"):
        service(name).stop()


def _holders_dir() -> Path:
    folder = run_dir() / "holders"
    folder.mkdir(exist_ok=True)
    return folder


def _lock_file() -> Path:
    return run_dir() / "services.lock"

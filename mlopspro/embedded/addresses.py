"""Addresses of the embedded services. Asking for one starts nothing and gives the same answer every time."""

from __future__ import annotations

import json
import os
import random
import socket
from pathlib import Path

from mlopspro.embedded.locks import file_lock
from mlopspro.embedded.paths import run_dir, var_dir
from mlopspro.embedded.secrets import secret

HOST = "127.0.0.1"
PORT_RANGE = range(20_000, 32_000)
"""Below the range from which systems draw ports of outgoing connections, so that a stored port stays free."""
VARIABLE = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "mlflow": "MLFLOW_TRACKING_URI"}
"""The environment variable that replaces an embedded service by a real one."""


def is_given(service: str) -> bool:
    """Whether the environment names a real server for ``service``, so that none is embedded."""
    return bool(os.environ.get(VARIABLE[service], "").strip())


def database_url() -> str:
    """URL of the product's own database in the embedded PostgreSQL."""
    return f"postgresql://mlopspro:{secret('postgres_app_password')}@{HOST}:{port('postgres')}/mlopspro"


def redis_url() -> str:
    """URL of the embedded Redis: its database MLOPSPRO_REDIS_DB, 0 to 15, by default 0 (tests take one each)."""
    number = os.environ.get("MLOPSPRO_REDIS_DB", "").strip() or "0"
    return f"redis://:{secret('redis_password')}@{HOST}:{port('redis')}/{number}"


def mlflow_uri() -> str:
    """Address of the embedded MLflow server."""
    return f"http://{HOST}:{port('mlflow')}"


def secret_key() -> str:
    """Django's secret key of this installation."""
    return secret("django_secret_key")


def port(service: str) -> int:
    """The loopback port of ``service``, drawn on first use and kept in var/ports.json."""
    known = _ports().get(service)
    return known if known is not None else redraw_port(service, only_if_absent=True)


def redraw_port(service: str, *, only_if_absent: bool = False) -> int:
    """Draw a free port for ``service`` and remember it: on first use, or because another program took the old one."""
    with file_lock(run_dir() / "ports.lock"):
        ports = _ports()
        if only_if_absent and service in ports:
            return ports[service]
        ports[service] = _free_port(exclude=set(ports.values()))
        temporary = _ports_file().with_suffix(".new")
        temporary.write_text(json.dumps(ports, indent=2, sort_keys=True))
        temporary.replace(_ports_file())
        return ports[service]


def port_is_free(number: int, host: str = HOST) -> bool:
    """Whether a server could listen on that port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the past that still linger do not block a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return False
        return True


def _free_port(exclude: set[int]) -> int:
    for number in random.sample(PORT_RANGE, 200):
        if number not in exclude and port_is_free(number):
            return number
    raise RuntimeError(f"found no free port between {PORT_RANGE.start} and {PORT_RANGE.stop} on {HOST}")


def _ports_file() -> Path:
    return var_dir() / "ports.json"


def _ports() -> dict[str, int]:
    try:
        content = json.loads(_ports_file().read_text())
    except FileNotFoundError:
        return {}
    return {str(name): int(number) for name, number in content.items()}

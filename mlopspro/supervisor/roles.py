"""The processes of one installation: what each runs, and how it is asked to end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlopspro.embedded import mlflow

CELERY = (sys.executable, "-m", "celery", "-A", "mlopspro.celery:app")
QUIET = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
DEFAULT_TRAIN_SLOTS = 2


@dataclass(frozen=True)
class Role:
    """One kind of process. ``grace`` is in seconds: how long it may take to end before it is killed."""

    name: str
    title: str
    argv: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


def web(host: str, port: int, *, reload: bool = False) -> Role:
    """gunicorn with threads: two processes (env MLOPSPRO_WEB_WORKERS), eight requests at once in each."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    argv = [
        *(sys.executable, "-m", "gunicorn", "mlopspro.wsgi:application"),
        *("--bind", address, "--worker-class", "gthread", "--threads", "8"),
        *("--workers", str(positive_number("MLOPSPRO_WEB_WORKERS", 2))),
        # By default it opens a control socket in the home folder.
        "--no-control-socket",
        *("--timeout", "60", "--graceful-timeout", "10", "--keep-alive", "5"),
        *("--access-logfile", "-", "--access-logformat", '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'),
        # The code is read once and shared by the workers; reloading needs each to read it itself.
        "--reload" if reload else "--preload",
    ]
    return Role("web", "web server", tuple(argv), grace=12.0)


def train_worker() -> Role:
    """Celery worker of the ``train`` queue. SIGQUIT stops it cold: jobs go back to the queue and continue from their
    last checkpoint at the next start; waiting for them could take hours."""
    slots = str(positive_number("MLOPSPRO_TRAIN_SLOTS", DEFAULT_TRAIN_SLOTS))
    argv = (*CELERY, "worker", "-Q", "train", "-n", "train@%h", "-P", "prefork", "-c", slots, *QUIET)
    return Role("worker-train", f"training worker, {slots} slots", argv, stop_signal=signal.SIGQUIT, grace=15.0)


def io_worker() -> Role:
    """Celery worker of everything short: trackers, dispatch, upkeep."""
    argv = (*CELERY, "worker", "-Q", "io,beat", "-n", "io@%h", "-P", "prefork", "-c", "2", *QUIET)
    return Role("worker-io", "worker for trackers and upkeep", argv, grace=10.0)


def beat() -> Role:
    """Celery beat with its schedule in the database. No pid file: the supervisor keeps it single."""
    return Role("beat", "scheduler", (*CELERY, "beat", "--pidfile=", "--loglevel", "INFO"), grace=5.0)


def log_shipper() -> Role:
    """Brings log entries from the web processes' spool on this machine's disk into the database."""
    return Role("log-shipper", "prediction log", (sys.executable, "manage.py", "ship_predictions"), grace=10.0)


def mlflow_server() -> Role:
    """The embedded MLflow server. Nothing waits for it (decision D8)."""
    service = mlflow.MLflow()
    environment = {name: value for name, value in mlflow.environment().items() if os.environ.get(name) != value}
    return Role("mlflow", "MLflow", tuple(mlflow.command()), grace=8.0, environment=environment, ready=service.ready)


def positive_number(variable: str, default: int) -> int:
    """A whole number ≥ 1 from the environment. Raises ValueError naming variable and value."""
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{variable} is {given!r}; a whole number of at least 1 is needed")
    return int(given)


REPOSITORY = Path(__file__).resolve().parents[2]

"""A world of its own for one test session: own folder, own services, nothing of the developer's.

Read before Django's settings (mlopspro.testing.settings does so). Children of the session, the product's own processes
among them, inherit it through the environment. Each of pytest-xdist's workers has a folder and services to itself, so
that one can stop a server under its tests while the others go on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import psutil

from mlopspro.embedded import processes

OWNER, SESSION, WORLD = "MLOPSPRO_TEST_OWNER", "MLOPSPRO_TEST_SESSION", "MLOPSPRO_TEST_WORLD"
"""Variables: the pid of who began the session, its folder, and whose world MLOPSPRO_VAR is."""
PREFIX = "mlopspro-tests-"


def prepare() -> None:
    """Point every variable at a fresh temporary folder, once a session; later calls and children find it done."""
    keep_bytecode()
    if OWNER not in os.environ:
        sweep_dead_sessions()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        folder.chmod(0o711)  # PostgreSQL, another user where we are root, passes to its data
        os.environ[SESSION] = str(folder)
        os.environ[OWNER] = str(os.getpid())
        processes.Record.of("owner", os.getpid()).write(folder / "owner.json")
        for name in ("DATABASE_URL", "REDIS_URL", "MLFLOW_TRACKING_URI", "MLFLOW_PUBLIC_URL", "WANDB_API_KEY",
                     "MLOPSPRO_REDIS_DB", WORLD):  # fmt: skip
            os.environ.pop(name, None)
        os.environ |= {
            "MLOPSPRO_DOTENV": os.devnull,
            "MLOPSPRO_PRODUCTION": "0",
            "DEBUG": "0",
            "WANDB_MODE": "offline",
            # Stacks of the session share its MLflow server; what a test logs there is no news to the others.
            "MLOPSPRO_LOGGED_RUNS_EXPERIMENTS": "read-by-stacks",
            # Short, so that tests of lost workers need not wait as long as production does.
            "MLOPSPRO_JOB_HEARTBEAT_SECONDS": "1",
            "MLOPSPRO_JOB_LEASE_SECONDS": "6",
            # Playwright's synchronous API runs an event loop in the test's thread, where Django would refuse queries.
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        }
    if os.environ.get(WORLD) != worker_name():
        world = session_dir() / worker_name()
        world.mkdir(mode=0o711)
        os.environ |= {WORLD: worker_name(), "MLOPSPRO_VAR": str(world), "MLOPSPRO_DATA_ROOT": str(world / "data")}


def session_dir() -> Path:
    """The session's folder: a world for each worker, and what they share."""
    return Path(os.environ[SESSION])


def keep_bytecode() -> None:
    """Modules are compiled once, also where the environment asks for no ``__pycache__``: a session starts a hundred
    processes, and each would spend more on reading the sources again (10 s with TensorFlow) than on its test."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def worker_name() -> str:
    """Name of this pytest-xdist worker, ``main`` without xdist."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def is_owner() -> bool:
    """Whether this process began the session and so ends it."""
    return os.environ.get(OWNER) == str(os.getpid())


def finish() -> None:
    """End everything that the session started and remove its folder. Only its owner does."""
    if is_owner():
        _remove(session_dir())


def sweep_dead_sessions() -> None:
    """End what sessions left that were killed before they could finish."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = processes.Record.read(folder / "owner.json")
        if owner is not None and not owner.is_alive():
            _remove(folder)


def _remove(folder: Path) -> None:
    family: list[psutil.Process] = []
    for path in folder.glob("*/run/*.json"):
        record = processes.Record.read(path)
        process = record.process() if record is not None else None
        if process is not None:
            family += [process, *processes.descendants(process)]
            process.send_signal(signal.SIGINT if path.stem == "postgres" else signal.SIGTERM)
    processes.kill_all(family, patience=10.0)
    shutil.rmtree(folder, ignore_errors=True)

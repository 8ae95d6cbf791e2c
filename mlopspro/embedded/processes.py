"""Processes that outlive the one that started them, found again by pid *and* start time, because pids are reused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from mlopspro.embedded.paths import log_dir, run_dir

START_TIME_TOLERANCE = 2.0
"""Seconds. A start time is computed from the boot time, which moves a little when the clock is corrected."""
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Record:
    """One started process: enough to find it again, and to know that it is still the same one."""

    name: str
    pid: int
    started: float

    @classmethod
    def of(cls, name: str, pid: int) -> Record:
        return cls(name, pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, or None if it ended (a zombie has ended)."""
        self.exit_code()  # a child that ended stays a zombie until somebody asks
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > START_TIME_TOLERANCE:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None

    def is_alive(self) -> bool:
        return self.process() is not None

    def exit_code(self) -> int | None:
        """Exit code of a child of this process that ended (negative: the signal), if it is known."""
        child = _children.get(self.pid)
        return child.poll() if child is not None else None

    def write(self, path: Path) -> None:
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> Record | None:
        try:
            content = json.loads(path.read_text())
            return cls(str(content["name"]), int(content["pid"]), float(content["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def record_path(name: str) -> Path:
    return run_dir() / f"{name}.json"


def log_path(name: str) -> Path:
    return log_dir() / f"{name}.log"


def find(name: str) -> Record | None:
    """The record of that name, if its process is alive."""
    record = Record.read(record_path(name))
    return record if record is not None and record.is_alive() else None


def forget(name: str) -> None:
    record_path(name).unlink(missing_ok=True)


def spawn(
    name: str,
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
) -> Record:
    """Start ``argv`` in a session of its own, its output appended to var/log/<name>.log, and record it.

    A session of its own keeps Ctrl-C in a terminal from reaching it: whoever started it decides when it ends.
    """
    with log_path(name).open("ab") as log:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=folder,
            start_new_session=True,
            **as_user(user),  # type: ignore[call-overload]
        )
    _children[child.pid] = child
    record = Record.of(name, child.pid)
    record.write(record_path(name))
    return record


def as_user(user: str | None) -> dict[str, object]:
    """Arguments for subprocess that drop root's rights to those of ``user``."""
    if user is None:
        return {}
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def end(record: Record, sign: int = signal.SIGTERM, grace: float = 10.0) -> bool:
    """Ask the process to end, wait ``grace`` seconds, then kill what is left of it and its descendants.

    Returns whether it ended by itself. Descendants are looked up before, as afterwards nothing links them.
    """
    process = record.process()
    if process is None:
        return True
    family = descendants(process)
    with suppress(psutil.NoSuchProcess):
        process.send_signal(sign)
    in_time = wait_until(lambda: not record.is_alive(), grace)
    kill_all([process, *family], patience=2.0 if in_time else 0.0)
    return in_time


def descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill_all(processes: Sequence[psutil.Process], patience: float) -> None:
    """Give the processes ``patience`` seconds to end, then SIGKILL those left. psutil checks the start time itself."""
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def wait_until(condition: Callable[[], bool], timeout: float, interval: float = 0.05) -> bool:
    """Whether ``condition`` came true within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True


def last_lines(name: str, count: int = 15) -> str:
    """The end of a process's log, for an error message."""
    try:
        return "\n".join(log_path(name).read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""

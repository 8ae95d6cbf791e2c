"""``manage.py up``: one command runs the site, says where it is, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil
import pytest

from mlopspro.embedded import addresses, processes
from mlopspro.supervisor.roles import REPOSITORY
from mlopspro.testing.environment import OWNER

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]


class Up:
    """``manage.py up`` in a var folder of its own."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPSPRO_", "DJANGO_"))}
        self.environment = kept | {"MLOPSPRO_VAR": str(var), "MLOPSPRO_DOTENV": os.devnull, OWNER: ""}
        self.output = var / "up.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert processes.wait_until(lambda: self.says("Ctrl-C stops") or self.process.poll() is not None, 300)
        assert self.process.poll() is None, self.output.read_text()

    def says(self, text: str) -> bool:
        return text in self.output.read_text()

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(timeout=120)

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=20) as response:
            return response.status

    def processes(self) -> list[psutil.Process]:
        """Everything on this machine that belongs to the folder, by environment or command line."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and (
                process.environ().get("MLOPSPRO_VAR") == str(self.var)
                or any(str(self.var) in a for a in process.cmdline())
            )
        except (psutil.Error, OSError):
            return False


@pytest.fixture(scope="module")
def var():
    with tempfile.TemporaryDirectory(prefix="mlopspro-up-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def up(var):
    """Tests share the folder, as a first start takes longest; nothing of one test runs on into the next."""
    one = Up(var, addresses.port(f"up-{os.getpid()}"))
    yield one
    processes.kill_all(one.processes(), patience=0)


def test_it_runs_the_site_and_stops_without_a_trace(up):
    up.start()
    assert up.status("/healthz") == 200
    assert up.status("/readyz") == 200
    assert up.status("/accounts/login/") == 200
    password = re.search(r"password\s+(\S+)", up.output.read_text())
    assert password is not None
    assert len(password.group(1)) >= 20
    names = {path.stem for path in (up.var / "run").glob("*.json")}
    assert names >= {"postgres", "redis", "web", "worker-io", "worker-train", "beat", "log-shipper", "mlflow"}
    assert up.stop(signal.SIGINT) == 0
    assert up.says("nothing is left running")
    assert up.processes() == []


def test_the_password_is_shown_once_and_a_second_up_is_refused(up):
    up.start()
    assert not up.says("password")
    assert not up.says("static files are collected")
    second = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "1"],
        cwd=REPOSITORY,
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"it runs already at http://localhost:{up.port}/" in second.stderr
    assert up.status("/healthz") == 200
    up.stop()


def test_after_a_kill_the_next_up_ends_what_was_left_and_runs(up):
    up.start()
    left = [process for process in up.processes() if process.pid != up.process.pid]
    up.process.kill()
    up.process.wait()
    web = processes.Record.read(up.var / "run" / "web.json")
    assert web.is_alive(), "a killed supervisor takes nobody along"
    up.start()
    assert up.says("ended processes that an earlier run left")
    assert not web.is_alive()
    assert up.status("/readyz") == 200
    beats = [process for process in up.processes() if "beat" in process.cmdline() and "celery" in process.cmdline()]
    assert len(beats) == 1, "two would start every schedule twice"
    assert up.stop() == 0
    assert up.processes() == []
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in left)


def test_a_taken_port_is_said_and_nothing_stays_behind(up):
    with socket.create_server(("127.0.0.1", up.port)):
        result = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(up.port)],
            cwd=REPOSITORY,
            env=up.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert f"port {up.port}" in result.stderr
    assert "--port" in result.stderr
    assert up.processes() == []

"""The supervisor restarts what dies, stops everything, and cleans up after one that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from mlopspro.embedded import processes
from mlopspro.supervisor import child as child_module
from mlopspro.supervisor import roles
from mlopspro.supervisor.roles import Role
from mlopspro.supervisor.supervisor import Supervisor, end_leftovers

FOREVER = "import time\nwhile True: time.sleep(1)"
WITH_ORPHAN = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""
KILLED_SUPERVISOR = """
import os, signal, sys
from mlopspro.supervisor.roles import Role
from mlopspro.supervisor.supervisor import Supervisor
supervisor = Supervisor(print)
supervisor.start(Role("web", "web server", (sys.executable, "-c", "import time; time.sleep(60)")))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def var(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPSPRO_VAR", str(tmp_path))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said):
    one = Supervisor(said.append)
    yield one
    one.stop()


def role(code: str, name: str = "web", **options: object) -> Role:
    return Role(name, "web server", (sys.executable, "-c", code), **options)


def watch_until(supervisor: Supervisor, condition) -> bool:
    def look() -> bool:
        supervisor.watch()
        return condition()

    return processes.wait_until(look, 20)


def test_a_child_that_dies_is_started_again_and_it_is_said_where_its_log_is(supervisor, said):
    child = supervisor.start(role(FOREVER))
    first = child.record.pid
    child.record.process().kill()
    assert watch_until(supervisor, lambda: child.is_alive() and child.record.pid != first)
    assert "ended by signal 9" in said[0]
    assert "web.log" in said[0]


def test_a_child_that_keeps_dying_is_started_less_and_less_often(supervisor, said, monkeypatch):
    monkeypatch.setattr(child_module, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(child_module, "LONGEST_DELAY", 0.2)
    supervisor.start(role("raise SystemExit(3)"))
    assert watch_until(supervisor, lambda: len(said) >= 4)
    assert all("exit code 3" in line for line in said)
    child = supervisor.children[0]
    assert child._delay == 0.2


def test_stop_ends_children_and_what_they_started_in_sessions_of_their_own(supervisor):
    children = [supervisor.start(role(WITH_ORPHAN, name)) for name in ("web", "worker-train")]
    names = ("web", "worker-train")
    assert processes.wait_until(lambda: all(processes.last_lines(name) for name in names), 20)
    everything = [psutil.Process(child.record.pid) for child in children]
    everything += [psutil.Process(int(processes.last_lines(name))) for name in names]
    supervisor.stop()
    assert [process for process in everything if process.is_running() and process.status() != "zombie"] == []
    assert processes.find("web") is None


def test_stop_sends_each_role_its_own_signal(supervisor, tmp_path):
    code = (
        "import signal, sys, time\n"
        "def note(number, frame):\n    print('got', number, flush=True); sys.exit()\n"
        "signal.signal(signal.SIGQUIT, note)\nprint('set', flush=True)\ntime.sleep(60)"
    )
    supervisor.start(role(code, "worker-train", stop_signal=signal.SIGQUIT))
    assert processes.wait_until(lambda: processes.last_lines("worker-train") == "set", 20)
    supervisor.stop()
    assert processes.last_lines("worker-train").splitlines() == ["set", f"got {signal.SIGQUIT.value}"]


def test_children_of_a_killed_supervisor_are_ended_by_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED_SUPERVISOR], check=False)
    assert killed.returncode == -signal.SIGKILL
    orphan = processes.find("web")
    assert orphan is not None
    assert end_leftovers() == ["web"]
    assert not orphan.is_alive()
    assert end_leftovers() == []


def test_a_process_that_only_reuses_a_recorded_pid_is_left_alone(tmp_path):
    with subprocess.Popen([sys.executable, "-c", FOREVER]) as stranger:
        processes.Record("web", stranger.pid, started=1.0).write(processes.record_path("web"))
        assert end_leftovers() == []
        assert stranger.poll() is None
        stranger.kill()


def test_readiness_is_said_once(supervisor, said):
    supervisor.start(role(FOREVER, ready=lambda: True))
    for _ in range(3):
        supervisor.watch()
    assert said == ["web server is up (0 s)"]


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_slots_names_the_variable_and_the_value(monkeypatch, value):
    monkeypatch.setenv("MLOPSPRO_TRAIN_SLOTS", value)
    with pytest.raises(ValueError, match=f"MLOPSPRO_TRAIN_SLOTS.*{value}"):
        roles.train_worker()


def test_slots_are_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("MLOPSPRO_TRAIN_SLOTS", "5")
    argv = roles.train_worker().argv
    assert argv[argv.index("-c") + 1] == "5"

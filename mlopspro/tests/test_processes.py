"""Processes are found again by pid and start time, and ended with everything below them."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

import psutil
import pytest

from mlopspro.embedded import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def var(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPSPRO_VAR", str(tmp_path))


def spawn(*code: str) -> processes.Record:
    return processes.spawn("one", [sys.executable, "-c", *code])


def wait_for_output() -> str:
    assert processes.wait_until(lambda: processes.last_lines("one") != "", 20)
    return processes.last_lines("one")


def test_a_running_process_is_found_by_its_name():
    record = processes.spawn("one", SLEEP)
    assert processes.find("one") == record
    processes.end(record)
    assert processes.find("one") is None


def test_a_reused_pid_is_not_taken_for_the_process():
    record = processes.spawn("one", SLEEP)
    older = replace(record, started=record.started - 60)
    assert record.is_alive()
    assert not older.is_alive()
    processes.end(older)
    assert record.is_alive(), "a process with another start time was not ours to end"
    processes.end(record)


def test_a_child_that_ended_is_not_alive_and_its_exit_code_is_known():
    record = spawn("raise SystemExit(7)")
    assert processes.wait_until(lambda: not record.is_alive(), 20)
    assert record.exit_code() == 7


def test_output_goes_to_a_log_of_that_name():
    record = spawn("print('hello from below')")
    processes.wait_until(lambda: not record.is_alive(), 20)
    assert processes.last_lines("one") == "hello from below"


def test_end_takes_descendants_along_even_in_sessions_of_their_own():
    record = spawn(PARENT)
    grandchild = psutil.Process(int(wait_for_output()))
    processes.end(record, signal.SIGKILL)
    assert not record.is_alive()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_ignores_the_signal_is_killed_after_its_grace():
    record = spawn(STUBBORN)
    wait_for_output()
    assert processes.end(record, signal.SIGTERM, grace=0.3) is False
    assert not record.is_alive()


def test_a_damaged_record_counts_as_none():
    processes.record_path("one").write_text('{"pid": ')
    assert processes.find("one") is None

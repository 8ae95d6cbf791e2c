"""One holder at a time; the kernel gives the lock back when its holder is killed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from mlopspro.embedded.locks import LockedError, file_lock

HOLDER = """
import sys, time
from pathlib import Path
from mlopspro.embedded.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield path, process
        process.kill()


def test_a_second_holder_is_refused_after_its_patience(holder):
    path, _ = holder
    with pytest.raises(LockedError, match=str(path)), file_lock(path, timeout=0.1):
        pass


def test_a_killed_holder_holds_nothing(holder):
    path, process = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    with file_lock(path, timeout=5):
        pass


def test_a_lock_can_be_taken_again_after_it_was_left(tmp_path):
    for _ in range(2):
        with file_lock(tmp_path / "lock", timeout=0):
            pass

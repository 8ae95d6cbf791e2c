"""Real processes that live, say goodbye, are killed, and lose their database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from mlopspro.embedded.processes import wait_until
from monitoring import health_watch
from monitoring.models import ProcessBeat
from monitoring.selectors.health import verdict
from monitoring.selectors.processes import processes
from monitoring.services import beats
from monitoring.services.health_states import State

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
EVERY = 0.2
SCRIPT = """
import sys, time, django
django.setup()
from monitoring.services import beats, vital_signs
vital_signs.register()
beats.provide("broken", lambda: 1 / 0)
beats.start("worker-io", details=lambda: {"own": 1})
sys.stdin.read(1)
"""


@pytest.fixture
def worker(settings) -> Iterator[subprocess.Popen[bytes]]:
    """A process that beats five times a second until its input ends."""
    settings.BEAT_SECONDS = EVERY
    name = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlopspro.settings",
        "DATABASE_URL": f"postgresql://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT']}/{name['NAME']}",
        "MLOPSPRO_BEAT_SECONDS": str(EVERY),
    }
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, env=environment)
    try:
        assert wait_until(lambda: row_of(process) is not None, 120)
        yield process
    finally:
        process.kill()
        process.communicate()


def row_of(process) -> ProcessBeat | None:
    return ProcessBeat.objects.filter(name="worker-io", pid=process.pid).first()


def is_lost() -> bool:
    return processes().of("worker-io")[0].is_lost


def test_a_process_tells_what_it_measures_and_is_lost_when_frozen_or_killed_and_forgotten_after_a_day(worker):
    row = row_of(worker)
    assert {"own", "database_ms", "memory_bytes", "redis", "disks"} <= set(row.details)
    assert "broken" not in row.details, "one source that fails silences nothing else"
    assert set(row.details["redis"]["queues"]) == {"io", "train"}
    assert wait_until(lambda: row_of(worker).beat_at > row.beat_at, 60)

    worker.send_signal(signal.SIGSTOP)
    assert wait_until(is_lost, 60)
    worker.send_signal(signal.SIGCONT)
    assert wait_until(lambda: not is_lost(), 60)

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert wait_until(is_lost, 60)
    assert processes().of("worker-io")[0].silent >= beats.lost_after()
    checks = {check.rule.key: check for check in verdict(max_age=0).checks}
    assert checks["lost_processes"].state is State.DEGRADED
    died = row_of(worker).beat_at
    assert health_watch.forget_processes(died + health_watch.FORGOTTEN_AFTER) == 0
    assert health_watch.forget_processes(died + 1.01 * health_watch.FORGOTTEN_AFTER) == 1


def test_a_database_that_goes_away_disturbs_no_process_and_who_ends_says_goodbye(worker, postgres_server):
    connection.close()
    postgres_server.restart()
    assert worker.poll() is None
    before = row_of(worker).beat_at
    assert wait_until(lambda: row_of(worker).beat_at > before, 60)
    worker.communicate()
    assert worker.returncode == 0
    assert row_of(worker) is None


def test_beats_that_are_turned_off_start_no_thread(settings):
    settings.BEAT_SECONDS = 0.0
    assert beats.start("web") is False
    assert not ProcessBeat.objects.exists()

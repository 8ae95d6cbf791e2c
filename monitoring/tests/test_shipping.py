"""From the spool into PostgreSQL: every entry once, whatever is killed, stopped, doubled or damaged on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection

from mlopspro.embedded.processes import wait_until
from mlopspro.supervisor.roles import REPOSITORY
from mlopspro.testing.people import make_workspace
from monitoring.models import LogLoss, Prediction
from monitoring.services import shipping
from monitoring.services.spool import Spool, oldest_pending, pending_bytes
from monitoring.tests.logged import entry, make_source

committed = pytest.mark.django_db(transaction=True)
"""For what other processes and threads must see; emptying all tables afterwards takes seconds, so they are few."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def source(db):
    return make_source(make_workspace())


def users() -> list[str]:
    return sorted(Prediction.objects.values_list("user", flat=True))


def child(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "monitoring.tests.spool_child", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "TEST_DATABASE": connection.settings_dict["NAME"], "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_lies_there_is_shipped_and_its_segments_go_when_nobody_writes_them(folder, source):
    spool = Spool(folder, max_bytes=5_000)
    for number in range(40):
        spool.append(entry(source, user=f"{number:02}"))
    done = shipping.ship_once(folder)
    assert (done.rows, done.doubled, done.refused) == (40, 0, 0)
    assert users() == [f"{number:02}" for number in range(40)]
    assert pending_bytes(folder) == 0
    assert oldest_pending(folder) is None
    spool.append(entry(source, user="more"))
    spool.close()
    assert shipping.ship_once(folder).rows == 1
    assert shipping.ship_once(folder) == shipping.Shipped()
    assert not list(folder.glob("*.jsonl"))


def test_damaged_lines_are_kept_aside_and_counted_and_hold_nobody_up(folder, source):
    spool = Spool(folder)
    spool.append(entry(source, user="good"))
    spool.append(entry(source, source_id=987_654, user="unknown source"))
    spool.append(entry(source, confidence=7.0, user="the database refuses it"))
    spool.append(entry(source, error="a\x00b", user="nor this"))
    spool.append(entry(source, user="good too"))
    spool.close()
    [path] = folder.glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"id": 3}\nnot json\n\xff\xfe\n\n{"id": "torn')
    done = shipping.ship_once(folder)
    assert users() == ["good", "good too"]
    assert done.refused == 8
    [refused] = (folder.parent / "refused").iterdir()
    text = refused.read_bytes()
    for part in (b"unknown source", b"the database refuses it", b"nor this", b"not json", b'"torn', b"\xff\xfe"):
        assert part in text
    assert LogLoss.objects.get(reason=LogLoss.Reason.LOST_ENTRY).count == 8
    assert not list(folder.glob("*.jsonl"))


def test_half_a_line_of_a_writer_that_lives_is_waited_for(folder, source):
    spool = Spool(folder)
    spool.append(entry(source, user="whole"))
    line = spool._encode(entry(source, user="slow")) + b"\n"
    os.write(spool._descriptor, line[:30])
    assert shipping.ship_once(folder).rows == 1
    os.write(spool._descriptor, line[30:])
    assert shipping.ship_once(folder).rows == 1
    assert users() == ["slow", "whole"]
    assert not (folder.parent / "refused").exists()


def test_a_writer_that_is_killed_leaves_all_it_took(folder, source):
    writer = child("write", folder, source.pk, 300)
    assert writer.stdout.readline() == "written\n"
    writer.kill()
    writer.wait()
    assert shipping.ship_once(folder).rows == 300
    assert not list(folder.glob("*.jsonl"))


@committed
def test_a_shipper_that_is_killed_anywhere_loses_nothing_and_doubles_nothing(folder, source):
    known = 0
    for point, more in (("before-commit", 0), ("after-commit", 20), ("before-removal", 20)):
        spool = Spool(folder)
        for number in range(20):
            spool.append(entry(source, user=f"{point} {number:02}"))
        spool.close()
        shipper = child("ship", folder, point)
        assert shipper.wait() == -signal.SIGKILL
        assert Prediction.objects.count() == known + more, point
        assert shipping.ship_once(folder).rows == 20 - more
        known += 20
        assert Prediction.objects.count() == known
        assert not list(folder.glob("*.jsonl"))


@committed
def test_two_shippers_at_once_do_no_harm(folder, source):
    for _ in range(3):
        spool = Spool(folder)
        for _ in range(200):
            spool.append(entry(source))
        spool.close()
    together = threading.Barrier(2)
    done = []

    def ship() -> None:
        try:
            together.wait()
            done.append(shipping.ship_once(folder))
        finally:
            connection.close()

    threads = [threading.Thread(target=ship) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2
    assert sum(one.rows for one in done) == Prediction.objects.count() == 600
    shipping.ship_once(folder)
    assert not list(folder.glob("*.jsonl"))
    assert not LogLoss.objects.exists()


@committed
@pytest.mark.services
def test_it_waits_while_postgres_is_away_and_goes_on(folder, source, postgres_server):
    spool, stop = Spool(folder), threading.Event()

    def run() -> None:
        try:
            shipping.run(stop, folder)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        spool.append(entry(source, user="before"))
        assert wait_until(lambda: pending_bytes(folder) == 0, 10)
        connection.close()
        postgres_server.stop()
        for number in range(50):
            assert spool.append(entry(source, user=f"away {number:02}"))
        assert pending_bytes(folder) > 0
        postgres_server.start()
        assert wait_until(lambda: pending_bytes(folder) == 0, 30)
    finally:
        stop.set()
        thread.join()
    assert users() == [*(f"away {number:02}" for number in range(50)), "before"]
    assert not LogLoss.objects.exists()


@pytest.mark.services
def test_the_command_ships_until_it_is_told_to_end(live_stack):
    """The role of the supervisor: an entry is in the database soon after it was written, SIGTERM ends it cleanly."""
    source = make_source(make_workspace())
    spool = Spool(Path(live_stack.environment["MLOPSPRO_PREDICTION_LOG_DIR"]) / "spool")
    row = entry(source)
    spool.append(row)
    assert wait_until(lambda: Prediction.objects.filter(pk=row.id).exists(), 30)
    assert live_stack.stop_role("log-shipper")
    spool.append(entry(source))
    spool.close()
    assert "1 rows written" in live_stack.manage("ship_predictions", "--once")

"""A real MLflow server that refuses, swallows and returns: every point is there once (decision D8)."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from experiments.models import EpochMetrics, OutboxEntry, TrackerHealth, TrackerRun
from experiments.services import delivery
from experiments.tests.tracking.mirrors import MlflowReader, wait_until
from experiments.tests.tracking.runs import finish, launched, train
from experiments.tracking.messages import milliseconds
from mlopspro import embedded

pytestmark = [pytest.mark.services]
PLENTY = 60.0
PATIENCE = 30
"""Of a client that is to succeed, however busy the machine."""


@pytest.fixture
def reader(mlflow_address):
    return MlflowReader(mlflow_address)


@pytest.fixture
def proxy(mlflow_address, faulty_proxy):
    return faulty_proxy("127.0.0.1", int(mlflow_address.rpartition(":")[2]), delay_seconds=0.2)


def deliver(tracker):
    return delivery.deliver_waiting(PLENTY, using={tracker.key: tracker})


def waiting():
    return OutboxEntry.objects.filter(delivered_at__isnull=True).count()


def pauses_are_over():
    TrackerHealth.objects.filter(open_until__isnull=False).update(open_until=timezone.now() - dt.timedelta(seconds=1))


def content(reader, experiment):
    """Everything MLflow holds of a run, the history of every metric included."""
    (run,) = reader.runs(str(experiment.pk))
    names = [metric["key"] for metric in run["data"]["metrics"]]
    history = {name: reader.history(run["info"]["run_id"], name) for name in names}
    return run, history, reader.files(run["info"]["run_id"])


def assert_mirrors_our_rows(reader, experiment):
    run, history, files = content(reader, experiment)
    rows = EpochMetrics.objects.filter(experiment=experiment).order_by("epoch")
    for name in ("train_loss", "val_loss"):
        assert history[name] == [(row.epoch, milliseconds(row.recorded_at), row.values[name]) for row in rows]
    assert {name: len(points) for name, points in history.items() if not name.endswith("loss")} == {
        "rmse": 1,
        "precision_at_10": 1,
        "rated.precision_at_10": 1,
        "total_parameters": 1,
    }
    assert files == {"metrics.json": experiment.artifacts.get().sha256}
    assert run["info"]["status"] == "FINISHED"


@pytest.mark.django_db
def test_each_point_arrives_once_through_refusal_and_silence(reader, proxy, make_mlflow):
    tracker, hasty = (make_mlflow(f"http://127.0.0.1:{proxy.port}", timeout_seconds=s) for s in (PATIENCE, 1))
    tracker.data_root = settings.DATA_ROOT
    experiment = launched("mlflow")
    train(experiment, 3)
    deliver(tracker)
    assert waiting() == 0
    first_id = TrackerRun.objects.get().external_id
    assert first_id

    for number, mode in enumerate(("refuse", "blackhole")):
        proxy.mode = mode
        train(experiment, 3, first=4 + 3 * number)
        before = proxy.accepted
        for _ in range(5):
            assert deliver(hasty) == 0
        assert proxy.accepted - before <= 1, "while the breaker is open nobody waits"
        assert TrackerHealth.objects.get(tracker="mlflow").failures == 1
        assert TrackerRun.objects.get().state == "syncing"
        proxy.mode = "pass"
        pauses_are_over()
        deliver(tracker)
        assert waiting() == 0
    proxy.mode = "blackhole"
    finish(experiment)
    assert deliver(hasty) == 0
    proxy.mode = "pass"
    pauses_are_over()
    deliver(tracker)

    assert TrackerRun.objects.get().external_id == first_id
    assert TrackerRun.objects.get().state == "synced"
    assert_mirrors_our_rows(reader, experiment)

    before = content(reader, experiment)
    assert deliver(tracker) == 0
    OutboxEntry.objects.update(delivered_at=None)  # as if nothing had been marked
    deliver(tracker)
    TrackerRun.objects.update(external_id="", url="")  # not even the run's id
    OutboxEntry.objects.update(delivered_at=None)
    deliver(tracker)
    assert content(reader, experiment) == before


@pytest.mark.django_db(transaction=True)  # a start takes longer than PostgreSQL lets a transaction idle
def test_what_was_told_while_the_server_was_stopped_is_there_after_its_start(
    mlflow_server, mlflow_address, make_mlflow
):
    tracker = make_mlflow(mlflow_address, timeout_seconds=PATIENCE)
    tracker.data_root = settings.DATA_ROOT
    early = launched("mlflow")
    train(early, 2)
    deliver(tracker)
    mlflow_server.stop()
    train(early, 2, first=3)
    finish(early)
    late = launched("mlflow")
    train(late, 4)
    finish(late)
    assert deliver(tracker) == 0

    mlflow_server.start()
    pauses_are_over()
    deliver(tracker)

    assert waiting() == 0
    for experiment in (early, late):
        assert_mirrors_our_rows(MlflowReader(mlflow_address), experiment)


@pytest.mark.django_db
def test_a_server_with_an_empty_database_is_told_everything(mlflow_address, make_mlflow, reader):
    tracker = make_mlflow(mlflow_address, timeout_seconds=PATIENCE)
    tracker.data_root = settings.DATA_ROOT
    experiment = launched("mlflow")
    train(experiment, 3)
    deliver(tracker)
    # The run that we remember is on a server that is no more.
    reader.call("POST", "runs/delete", run_id=TrackerRun.objects.get().external_id)
    TrackerRun.objects.update(external_id="f" * 32)
    finish(experiment)
    deliver(tracker)
    assert_mirrors_our_rows(reader, experiment)
    assert TrackerRun.objects.get().state == "synced"


KILL_WHEN = {
    "the run was created": lambda run, files: True,
    "the points were written": lambda run, files: len(run["data"].get("metrics", [])) > 0,
    "the run was ended": lambda run, files: run["info"]["status"] == "FINISHED",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", KILL_WHEN)
def test_a_deliverer_killed_before_it_could_mark_does_no_harm(moment, reader, proxy, make_mlflow, mlflow_address):
    experiment = launched("mlflow")
    train(experiment, 4)
    finish(experiment)
    everything = waiting()
    proxy.mode = "delay"  # answers come so late that the deliverer dies waiting for them

    def reached() -> bool:
        runs = reader.runs(str(experiment.pk))
        return bool(runs) and KILL_WHEN[moment](runs[0], reader.files(runs[0]["info"]["run_id"]))

    before = proxy.accepted
    deliverer = start_deliverer(experiment, proxy.port)
    try:
        wait_until(lambda: proxy.accepted > before, 90)  # asking MLflow while it starts would only slow it down
        wait_until(reached, 90)
    finally:
        os.killpg(deliverer.pid, signal.SIGKILL)
        deliverer.wait()
    assert waiting() == everything, "it died before it marked anything"

    tracker = make_mlflow(mlflow_address, timeout_seconds=PATIENCE)
    tracker.data_root = settings.DATA_ROOT
    wait_until(lambda: deliver(tracker) > 0)  # PostgreSQL needs a moment to let go of the dead one's lock

    assert waiting() == 0
    assert_mirrors_our_rows(reader, experiment)


def start_deliverer(experiment, port):
    """``manage.py sync_trackers`` in a process of its own, on this test's database, through the proxy."""
    address = urlsplit(embedded.database_url())
    database = urlunsplit(address._replace(path="/" + str(connection.settings_dict["NAME"])))
    return subprocess.Popen(
        [sys.executable, "manage.py", "sync_trackers", "--once", "--experiment", str(experiment.pk)],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DATABASE_URL": database,
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
            "MLOPSPRO_TRACKER_TIMEOUT_SECONDS": "30",
            "DJANGO_SETTINGS_MODULE": "mlopspro.settings",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

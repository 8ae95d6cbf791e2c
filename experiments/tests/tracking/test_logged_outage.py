"""Readings that meet trouble: MLflow away, killed in the middle, too much for one pass, hostile answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from experiments.models import Experiment, LoggedRun, LoggedSource, TrackerHealth
from experiments.services import locks, logged_run_files, logged_runs
from experiments.services import trackers as registry
from experiments.tasks import read_logged_runs
from experiments.tests.factories import make_workspace
from experiments.tests.tracking.logbook import START, Logbook, here, rows
from experiments.tests.tracking.mirrors import wait_until
from experiments.tracking.mlflow_reader import MlflowReader
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member

pytestmark = pytest.mark.services


@pytest.fixture(autouse=True)
def workspace(mlflow_server, db, settings, tmp_path):
    """The server first: PostgreSQL ends a transaction that waits for its start."""
    settings.DATA_ROOT = tmp_path / "data"
    settings.LOGGED_RUNS_SWEEP_SECONDS = 0.0
    return make_workspace()


@pytest.fixture
def logbook(mlflow_address, settings):
    book = Logbook(mlflow_address)
    settings.LOGGED_RUNS_EXPERIMENTS = [book.name]
    return book


def reader(uri, timeout_seconds=20.0):
    return MlflowReader(uri, public_url="", timeout_seconds=timeout_seconds)


def without_times(found):
    """Rows but for the times of reading, which two readings do not share."""
    for row in found["LoggedRun"]:
        row.pop("synced_at")
    return found


def by_name(found):
    """Rows without the ids that the database and we make up."""
    made_up = {"id", "experiment_id", "created_at", "path"}
    return {
        table: sorted(
            json.dumps({k: str(v) for k, v in row.items() if k not in made_up}, sort_keys=True) for row in rows_
        )
        for table, rows_ in found.items()
    }


def test_a_server_that_refuses_or_is_silent_costs_one_short_wait(logbook, mlflow_address, faulty_proxy):
    logbook.log()
    proxy = faulty_proxy("127.0.0.1", int(mlflow_address.rpartition(":")[2]))
    through = reader(f"http://127.0.0.1:{proxy.port}", timeout_seconds=1.0)
    logged_runs.sync(60, using=through)
    before = rows()
    for mode in ("refuse", "blackhole"):
        proxy.mode = mode
        asked = proxy.accepted
        TrackerHealth.objects.update(open_until=None)
        report = logged_runs.sync(60, using=through)
        assert report.error in ("MLflow cannot be reached", "MLflow does not answer in time")
        assert proxy.accepted - asked <= 1
        assert {source.last_error for source in LoggedSource.objects.all()} == {report.error}
        # While the breaker is open nobody asks at all.
        asked = proxy.accepted
        assert logged_runs.sync(60, using=through).error == logged_runs.AWAY
        assert proxy.accepted == asked
    assert rows() == before
    proxy.mode = "pass"
    TrackerHealth.objects.update(open_until=None)
    assert logged_runs.sync(60, using=through).done
    assert {source.last_error for source in LoggedSource.objects.all()} == {""}
    assert TrackerHealth.objects.get().failures == 0


def test_pages_wait_for_nothing_while_the_server_is_away(logbook, mlflow_address, faulty_proxy, client, workspace):
    run_id = logbook.log(metrics={"auc": 0.5})
    logged_runs.sync(60, using=reader(mlflow_address))
    client.force_login(make_member(workspace, Role.VIEWER))
    proxy = faulty_proxy("127.0.0.1", int(mlflow_address.rpartition(":")[2]))
    proxy.mode = "blackhole"
    report = logged_runs.sync(60, using=reader(f"http://127.0.0.1:{proxy.port}", timeout_seconds=1.0))
    assert report.error == "MLflow does not answer in time"
    page = client.get(f"/experiments/{here(run_id).pk}/")
    assert page.status_code == 200
    assert b"MLflow does not answer in time. This is what was read" in page.content


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_other_answers_are_told_in_words(http_server, status):
    report = logged_runs.sync(60, using=reader(http_server(status)))
    assert "MLflow" in report.error
    assert TrackerHealth.objects.get().failures == 1
    assert not Experiment.objects.exists()


def test_more_runs_than_one_pass_has_time_for_are_read_by_the_next(logbook, mlflow_address):
    ids = [logbook.log(f"run {n}", metrics={"loss": {1: n, 2: n}}, start=START + n * 1000) for n in range(6)]
    using, reports = reader(mlflow_address), []
    while not (reports and reports[-1].done) and len(reports) < 20:
        reports.append(logged_runs.sync(0.0, using=using))
    assert [report.read for report in reports if report.read] == [1] * 6
    assert set(LoggedRun.objects.values_list("external_id", flat=True)) == set(ids)
    in_pieces = by_name(without_times(rows()))
    Experiment.objects.all().delete()
    LoggedSource.objects.all().delete()
    assert logged_runs.sync(60, using=using).read == 6
    assert by_name(without_times(rows())) == in_pieces


def test_a_sweep_goes_on_where_it_was_left_also_among_runs_of_one_moment(logbook, mlflow_address, monkeypatch):
    monkeypatch.setattr("experiments.tracking.mlflow_reader.RUNS_PER_PAGE", 2)
    ids = [logbook.log(f"run {n}", start=START + 1000 * (n // 5)) for n in range(7)]
    using = reader(mlflow_address)
    assert logged_runs.sync(60, using=using).done
    for run_id in ids:
        logbook.client.update_run(run_id, name="renamed")
    logged_runs.begin_sweep()
    for _ in range(20):
        if logged_runs.sync(0.0, using=using).done:
            break
    assert set(Experiment.objects.values_list("name", flat=True)) == {"renamed"}
    assert LoggedSource.objects.get().checked_at is not None


def test_two_workers_do_not_read_at_once(logbook, mlflow_address):
    logbook.log()
    other = connections.create_connection("default")
    other.settings_dict = connection.settings_dict
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks.LOGGED_RUNS, 0])
        assert logged_runs.sync(60, using=reader(mlflow_address)).error == logged_runs.BUSY
        assert not Experiment.objects.exists()
    finally:
        other.close()
    wait_until(lambda: logged_runs.sync(60, using=reader(mlflow_address)).error != logged_runs.BUSY)
    assert Experiment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_started_again_it_ends_with_the_same_rows(logbook, mlflow_address, tmp_path, settings):
    for number in range(30):
        logbook.log(
            f"run {number}",
            params={"n": number},
            metrics={"loss": {1: number, 2: number / 2}},
            files={"a.json": b"{}"} if number % 5 == 0 else {},
            folder=tmp_path,
            start=START + number * 1000,
        )
    make_workspace()
    name = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT']}/{name['NAME']}",
        "MLFLOW_TRACKING_URI": mlflow_address,
        "MLFLOW_PUBLIC_URL": "none",
        "MLOPSPRO_LOGGED_RUNS_EXPERIMENTS": logbook.name,
        "MLOPSPRO_DATA_ROOT": str(settings.DATA_ROOT),
    }
    command = [sys.executable, "manage.py", "sync_mlflow_runs"]
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(command, env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: Experiment.objects.count() >= 5 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait()
    assert 5 <= Experiment.objects.count() < 30
    while (report := logged_runs.sync(60, using=reader(mlflow_address))).error == logged_runs.BUSY:
        time.sleep(0.05)  # until PostgreSQL has noticed that its client is gone
    assert (report.error, report.done) == ("", True)
    after_kill = by_name(without_times(rows()))
    Experiment.objects.all().delete()
    LoggedSource.objects.all().delete()
    assert logged_runs.sync(60, using=reader(mlflow_address)).read == 30
    assert by_name(without_times(rows())) == after_kill


def test_long_curves_odd_values_and_big_files(logbook, mlflow_address, tmp_path, settings):
    settings.LOGGED_FILE_BYTES, settings.LOGGED_RUN_BYTES = 1000, 1500
    run_id = logbook.log(
        params={"long": "v" * 5000},
        metrics={
            "train/loss": {step: 1 / (step + 1) for step in range(2500)},
            "val/loss": {step: step for step in range(0, 2500, 100)},
            "odd": {1: 1.0, 2: float("nan"), 3: float("inf")},
        },
        files={"a.bin": b"1" * 900, "b.bin": b"2" * 900, "c.txt": b"3" * 100, "model/huge.bin": b"4" * 2000},
        folder=tmp_path,
    )
    assert logged_runs.sync(60, using=reader(mlflow_address)).read == 1
    run = here(run_id)
    assert run.epochs.count() == 2000
    assert run.epochs.last().epoch == 2499
    assert sum("val/loss" in row.values for row in run.epochs.all()) == 25
    assert "2,500 steps are thinned to 2,000" in run.logged.remark
    assert "Not a finite number at the end: odd." in run.logged.remark
    assert run.parameters["long"] == "v" * 5000
    assert len(run.parameter_values.get().text) == 500
    assert run.metric_values.get(name="odd").value is None
    assert {file["path"]: file["copied"] for file in run.logged.files} == {
        "a.bin": True, "b.bin": False, "c.txt": True, "model/huge.bin": False,
    }  # fmt: skip
    assert set(run.artifacts.values_list("name", flat=True)) == {"a.bin", "c.txt"}


class Hostile(BaseHTTPRequestHandler):
    """An MLflow server whose runs lead out of every folder and hold what no database likes."""

    FILES = ("../../outside.txt", "/etc/passwd", "a\x00b.txt", "..\\up.json", "ok.txt")

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = urlsplit(self.path)
        route, asked = address.path.rpartition("mlflow/")[2], parse_qs(address.query)
        answers = {
            "experiments/search": {"experiments": [{"experiment_id": "1", "name": "evil\x00"}]},
            "runs/search": {"runs": [self.run_row(name * 32) for name in "abc"]},
            "metrics/get-history": {"metrics": [{"key": "m", "value": "NaN", "step": 2**40, "timestamp": -1}]},
            "artifacts/list": {"files": [{"path": name, "file_size": 4} for name in self.FILES]
                               + [{"path": "loop", "is_dir": True}]},
        }  # fmt: skip
        body = b"data" if route.endswith("get-artifact") else json.dumps(answers[route]).encode()
        if route.endswith("get-artifact") and asked["path"] == ["ok.txt"]:
            body = b"x" * 10_000_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  the name that http.server looks for

    def run_row(self, run_id: str):
        info = {"run_id": run_id, "experiment_id": "1", "run_name": "\ud800\x00" * 300, "status": "FINISHED",
                "start_time": 10**17, "end_time": -4, "lifecycle_stage": "active"}  # fmt: skip
        metrics = [{"key": "m\x00", "value": "Infinity", "step": 2**40, "timestamp": 10**18}]
        if run_id.startswith("b"):
            metrics, info["start_time"] = [{"key": "m", "value": 1e308, "step": 3, "timestamp": 1}], 1
        return {"info": info, "data": {"metrics": metrics, "tags": [{"key": "\x00", "value": "\x00" * 9000}]}}

    def log_message(self, *_: object) -> None:
        pass


def test_hostile_runs_are_kept_inside_their_folder_and_their_columns(settings, tmp_path):
    settings.LOGGED_RUNS_EXPERIMENTS = ["*"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        report = logged_runs.sync(60, using=reader(f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        server.server_close()
    assert (report.error, report.failed, Experiment.objects.count()) == ("", 0, 3)
    run = here("a" * 32)
    assert (len(run.name), run.started_at) == (200, None)
    assert "points at steps below 0 or above" in run.logged.remark
    assert "Not every small file could be copied" in run.logged.remark
    folder = (settings.DATA_ROOT / run.folder / "logged").resolve()
    files = [artifact.file.resolve() for artifact in run.artifacts.all()]
    assert len(files) == len(Hostile.FILES) - 1
    assert all(file.parent == folder and file.read_bytes() == b"data" for file in files)
    everything = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.is_relative_to(settings.DATA_ROOT) for path in everything)
    assert not list(settings.DATA_ROOT.rglob("*.partial"))


def test_a_store_that_is_no_server_is_not_read(tmp_path):
    report = logged_runs.sync(60, using=reader(f"sqlite:///{tmp_path}/local.db"))
    assert report.error == logged_runs.NO_SERVER
    assert not TrackerHealth.objects.exists()


def test_runs_go_into_the_workspace_that_the_setting_names(logbook, mlflow_address, settings):
    run_id = logbook.log()
    settings.LOGGED_RUNS_WORKSPACE = "research"
    assert "'research'" in logged_runs.sync(60, using=reader(mlflow_address)).error
    other = make_workspace("research")
    logged_runs.sync(60, using=reader(mlflow_address))
    assert here(run_id).workspace == other


def test_the_command_and_the_task_read_with_the_settings_of_the_site(logbook, settings, mlflow_address, monkeypatch):
    run_id = logbook.log(metrics={"auc": 0.5})
    for module in (logged_runs,):
        monkeypatch.setattr(module, "run_reader", registry.run_reader.__wrapped__)
    settings.MLFLOW_TRACKING_URI = mlflow_address
    settings.TRACKER_TIMEOUT_SECONDS = 20.0
    assert read_logged_runs() == 1
    out = StringIO()
    call_command("sync_mlflow_runs", stdout=out)
    assert "0 runs read" in out.getvalue()
    out = StringIO()
    before = timezone.now()
    call_command("sync_mlflow_runs", "--all", stdout=out)
    assert "1 runs read" in out.getvalue()
    assert here(run_id).logged.synced_at > before
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="MLflow cannot be reached"):
        call_command("sync_mlflow_runs", stdout=StringIO())
    entry = settings.CELERY_BEAT_SCHEDULE["read runs logged to MLflow"]
    assert entry["task"] == read_logged_runs.name


def test_file_trouble_leaves_the_run_itself_readable(logbook, mlflow_address, tmp_path, monkeypatch):
    run_id = logbook.log(files={"a.txt": b"a"}, folder=tmp_path)
    using = reader(mlflow_address)
    monkeypatch.setattr(logged_run_files, "MAX_FILES", 500)
    artifacts = Path(mlflow_root()) / logbook.experiment_id / run_id / "artifacts"
    hidden = artifacts.with_name("hidden")
    assert artifacts.is_dir()
    artifacts.rename(hidden)
    artifacts.write_text("not a folder")
    logged_runs.sync(60, using=using)
    assert here(run_id).status == "completed"
    first = here(run_id).logged
    artifacts.unlink()
    hidden.rename(artifacts)
    logged_runs.begin_sweep()
    logged_runs.sync(60, reread_before=timezone.now(), using=using)
    assert [file["copied"] for file in here(run_id).logged.files] == [True]
    assert first.files in ([], [{"path": "a.txt", "size_bytes": 1, "copied": False}])


def mlflow_root():
    from mlopspro.embedded.paths import service_dir

    return service_dir("mlflow") / "artifacts"

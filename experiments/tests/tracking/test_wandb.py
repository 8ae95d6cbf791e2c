"""W&B's offline runs, read back from its own file, and the way from there to its server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid

import pytest

from experiments.tests.tracking import wandb_file
from experiments.tests.tracking.mirrors import a_run, at, batch, offline_file, opened, seen, stored, wait_until
from experiments.tests.tracking.wandb_server import WandbServer
from experiments.tracking.messages import End, Start
from experiments.tracking.protocol import RunGone, RunRef, TrackerUnavailable

pytestmark = pytest.mark.services


def test_the_file_holds_each_epoch_once_with_its_time(make_wandb, experiment_id):
    tracker = make_wandb()
    result = tracker.deliver(batch(experiment_id, a_run(experiment_id, epochs=25)))

    run = wandb_file.read(offline_file(tracker, experiment_id))
    assert [row["_step"] for row in run.history] == list(range(1, 26))
    assert [row["_timestamp"] for row in run.history] == [at(number).timestamp() for number in range(1, 26)]
    assert [row["train_loss"] for row in run.history] == [1 / number for number in range(1, 26)]
    assert run.exit_codes == [0]
    assert result.state == "offline"


def test_the_file_says_what_the_run_was(make_wandb, experiment_id):
    tracker = make_wandb()
    environment = Start(at=at(1), tags={"environment.host": "trainer-1"})
    message = opened(experiment_id, tags={"mlopspro.experiment_id": experiment_id})
    tracker.deliver(batch(experiment_id, [message, environment, End(at=at(2), status="cancelled")]))

    run = wandb_file.read(offline_file(tracker, experiment_id))
    assert run.run_id == uuid.UUID(experiment_id).hex
    assert (run.name, run.job_type, run.project) == ("hybrid-20261120-093000", "training", "mlopspro")
    assert (run.notes, run.labels) == ("first try", ["hybrid", "mine"])
    assert run.config["mlopspro.experiment_id"] == experiment_id
    assert run.config["environment.host"] == "trainer-1"
    assert run.config["learning_rate"] == 0.001
    assert run.summary["status"] == "cancelled"
    assert run.exit_codes == [1]


def test_a_second_delivery_does_not_touch_the_folder(make_wandb, experiment_id):
    tracker = make_wandb()
    tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    path = offline_file(tracker, experiment_id)
    before = (path.stat().st_ino, path.read_bytes())
    tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    assert (offline_file(tracker, experiment_id).stat().st_ino, path.read_bytes()) == before


def test_only_the_run_is_left_on_disk_and_nothing_at_home(make_wandb, experiment_id, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    tracker = make_wandb()
    tracker.deliver(batch(experiment_id, a_run(experiment_id, files=(stored(tmp_path, "metrics.json", b"{}"),))))
    folder = tracker.config.folder
    assert [path.name for path in folder.iterdir()] == [uuid.UUID(experiment_id).hex]
    assert sorted(path.name for path in (folder / uuid.UUID(experiment_id).hex).iterdir()) == ["mirror.json", "wandb"]
    assert not (tmp_path / "home").exists()
    assert not [path for path in folder.rglob("*") if path.is_file() and b"k" * 40 in path.read_bytes()]


DELIVER = """
import sys
from pathlib import Path
from experiments.tests.tracking.mirrors import a_run, batch
from experiments.tracking.wandb_tracker import WandbConfig, WandbTracker
folder, experiment_id = Path(sys.argv[1]), sys.argv[2]
config = WandbConfig(folder, folder, "mlopspro", "", "http://127.0.0.1:9", "", 1.0)
WandbTracker(config).deliver(batch(experiment_id, a_run(experiment_id)))
"""


def test_a_writer_killed_half_way_leaves_no_run_and_the_next_one_writes_it(make_wandb, experiment_id):
    tracker = make_wandb()
    folder = tracker.config.folder
    process = subprocess.Popen(
        [sys.executable, "-c", DELIVER, str(folder), experiment_id], start_new_session=True, env=os.environ
    )
    try:
        wait_until(lambda: list(folder.glob(".*/wandb/offline-run-*/run-*.wandb")), 60)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (folder / uuid.UUID(experiment_id).hex).exists()

    tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    assert [step for name, step, _ in seen(tracker, experiment_id).points if name == "train_loss"] == [1, 2, 3]


@pytest.fixture
def wandb_server():
    server = WandbServer()
    yield server
    server.close()


def test_with_a_key_a_run_arrives_once_however_often_it_is_sent(make_wandb, experiment_id, wandb_server, tmp_path):
    tracker = make_wandb(api_key="k" * 40, base_url=wandb_server.address, timeout_seconds=5)
    files = (stored(tmp_path, "metrics.json", b'{"rmse": 0.91}'),)
    tracker.deliver(batch(experiment_id, a_run(experiment_id, epochs=20, files=files)))
    run_id = uuid.UUID(experiment_id).hex
    for _ in range(2):
        result = tracker.upload(RunRef(experiment_id))
        assert result.state == "synced"
        assert result.url == f"{wandb_server.address}/acme/mlopspro/runs/{run_id}"
        assert list(wandb_server.runs) == [run_id]
        history = wandb_server.history[run_id]
        assert [history[line]["_step"] for line in sorted(history)] == list(range(1, 21))
        assert wandb_server.files["metrics.json"] == b'{"rmse": 0.91}'
    assert wandb_server.keys, "the key is sent, and only there"


def test_it_says_whether_runs_are_kept_or_sent(make_wandb):
    assert not make_wandb().can_upload
    assert "offline" in make_wandb().describe()
    keyed = make_wandb(api_key="k" * 40)
    assert keyed.can_upload
    assert "k" * 40 not in keyed.describe()


def test_a_server_that_refuses_or_swallows_costs_one_connection(make_wandb, experiment_id, faulty_proxy):
    proxy = faulty_proxy("127.0.0.1", 9)
    tracker = make_wandb(api_key="k" * 40, base_url=f"http://127.0.0.1:{proxy.port}", timeout_seconds=0.5)
    tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    for mode in ("refuse", "blackhole"):
        proxy.mode = mode
        before = proxy.accepted
        with pytest.raises(TrackerUnavailable, match="cannot be reached"):
            tracker.upload(RunRef(experiment_id))
        assert proxy.accepted - before <= 1
    assert seen(tracker, experiment_id).status == "completed"


def test_a_refused_key_is_not_taken_for_a_sync(make_wandb, experiment_id, http_server):
    tracker = make_wandb(api_key="k" * 40, base_url=http_server(401))
    tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    with pytest.raises(TrackerUnavailable) as error:
        tracker.upload(RunRef(experiment_id))
    assert "k" * 40 not in str(error.value)


def test_a_copy_that_was_lost_is_said_to_be_gone(make_wandb, experiment_id):
    with pytest.raises(RunGone):
        make_wandb(api_key="k" * 40).upload(RunRef(experiment_id))

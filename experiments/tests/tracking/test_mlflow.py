"""MLflow's own ways: its experiments, runs that people delete, requests that outlive their time-out."""

from __future__ import annotations

import pytest

from experiments.tests.tracking.mirrors import LAUNCHED, MlflowReader, a_run, at, batch, epoch, opened
from experiments.tracking.messages import End, Start, milliseconds
from experiments.tracking.names import DEFAULT_GROUPS
from experiments.tracking.protocol import MessageRefused, RunGone, TrackerUnavailable

pytestmark = pytest.mark.services


@pytest.fixture
def tracker(mlflow_address, make_mlflow):
    return make_mlflow(mlflow_address)


@pytest.fixture
def reader(mlflow_address):
    return MlflowReader(mlflow_address)


def test_the_default_experiments_exist_once(tracker, reader, make_mlflow, mlflow_address):
    tracker.prepare()
    first = reader.experiments()
    make_mlflow(mlflow_address).prepare()
    assert set(DEFAULT_GROUPS) <= set(first)
    assert reader.experiments() == first
    assert f"training={first['training']}" in tracker.describe()


def test_an_experiment_that_was_deleted_in_mlflow_is_brought_back(tracker, reader):
    tracker.prepare()
    number = reader.experiments()["monitoring"]
    reader.call("POST", "experiments/delete", experiment_id=number)
    tracker.prepare()
    assert reader.experiments()["monitoring"] == number


def test_an_experiment_deleted_behind_our_back_gets_its_runs_all_the_same(tracker, reader, experiment_id):
    tracker.prepare()
    reader.call("POST", "experiments/delete", experiment_id=reader.experiments()["training"])
    assert tracker.deliver(batch(experiment_id, a_run(experiment_id))).state == "synced"
    assert len(reader.runs(experiment_id)) == 1


def test_a_run_says_who_what_when_and_on_which_data(tracker, reader, experiment_id):
    message = opened(experiment_id, person="ada@example.org")
    result = tracker.deliver(batch(experiment_id, [message, End(at=at(9), status="completed")]))

    (run,) = reader.runs(experiment_id)
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert run["info"]["start_time"] == milliseconds(LAUNCHED)
    assert run["info"]["end_time"] == milliseconds(at(9))
    assert tags["mlflow.user"] == "ada@example.org"
    assert tags["mlflow.note.content"] == "first try"
    assert tags["model_type"] == "hybrid"
    (data,) = run["inputs"]["dataset_inputs"]
    assert (data["dataset"]["name"], data["dataset"]["digest"]) == ("ml", "ab" * 18)
    group = run["info"]["experiment_id"]
    assert result.url == f"https://mlflow.example/#/experiments/{group}/runs/{run['info']['run_id']}"


def test_points_keep_the_time_they_were_recorded_at(tracker, reader, experiment_id):
    result = tracker.deliver(batch(experiment_id, [opened(experiment_id), epoch(1), epoch(2)]))
    history = reader.history(result.external_id, "train_loss")
    assert history == [(1, milliseconds(at(1)), 1.0), (2, milliseconds(at(2)), 0.5)]


def test_a_run_deleted_in_mlflow_is_left_deleted(tracker, reader, experiment_id):
    result = tracker.deliver(batch(experiment_id, [opened(experiment_id), epoch(1)]))
    reader.call("POST", "runs/delete", run_id=result.external_id)

    with pytest.raises(MessageRefused, match="deleted in MLflow") as refusal:
        tracker.deliver(batch(experiment_id, [epoch(2)], external_id=result.external_id, first_seq=3))

    assert refusal.value.whole_run
    assert reader.runs(experiment_id) == []


def test_a_run_that_mlflow_never_had_is_said_to_be_gone(tracker, experiment_id):
    with pytest.raises(RunGone):
        tracker.deliver(batch(experiment_id, [epoch(2)], external_id="0" * 32, first_seq=3))
    with pytest.raises(RunGone):
        tracker.deliver(batch(experiment_id, [epoch(2)], first_seq=3))


def test_a_parameter_never_changes(tracker, experiment_id):
    result = tracker.deliver(batch(experiment_id, [opened(experiment_id)]))
    changed = Start(at=at(1), params={"learning_rate": 0.5})
    with pytest.raises(MessageRefused, match="learning_rate") as refusal:
        tracker.deliver(batch(experiment_id, [changed], external_id=result.external_id, first_seq=2))
    assert not refusal.value.whole_run


def test_a_second_run_left_by_a_late_request_goes_when_the_run_ends(tracker, reader, experiment_id):
    result = tracker.deliver(batch(experiment_id, [opened(experiment_id), epoch(1)]))
    group = reader.experiments()["training"]
    tags = [{"key": "mlopspro.experiment_id", "value": experiment_id}]
    reader.call("POST", "runs/create", experiment_id=group, tags=tags)
    assert len(reader.runs(experiment_id)) == 2

    end = [End(at=at(3), status="completed")]
    tracker.deliver(batch(experiment_id, end, external_id=result.external_id, first_seq=3))

    assert [run["info"]["run_id"] for run in reader.runs(experiment_id)] == [result.external_id]


def test_nobody_there_and_nobody_answering_are_told_from_trouble_with_one_run(
    make_mlflow, mlflow_address, faulty_proxy, experiment_id
):
    port = int(mlflow_address.rpartition(":")[2])
    proxy = faulty_proxy("127.0.0.1", port)
    tracker = make_mlflow(f"http://127.0.0.1:{proxy.port}", timeout_seconds=1)
    for mode in ("refuse", "blackhole"):
        proxy.mode = mode
        before = proxy.accepted
        with pytest.raises(TrackerUnavailable):
            tracker.deliver(batch(experiment_id, a_run(experiment_id)))
        assert proxy.accepted - before <= 1, "the client must not try again by itself"
    proxy.mode = "pass"
    assert tracker.deliver(batch(experiment_id, a_run(experiment_id))).state == "synced"


def test_an_address_where_no_mlflow_answers_is_unavailable(make_mlflow, tmp_path, experiment_id, http_server):
    with pytest.raises(TrackerUnavailable):
        make_mlflow(http_server(404)).deliver(batch(experiment_id, a_run(experiment_id)))
    with pytest.raises(TrackerUnavailable):
        make_mlflow(http_server(503)).deliver(batch(experiment_id, a_run(experiment_id)))
    with pytest.raises(TrackerUnavailable, match="credentials"):
        make_mlflow(http_server(401)).deliver(batch(experiment_id, a_run(experiment_id)))


def test_a_local_store_needs_no_server(make_mlflow, tmp_path, experiment_id):
    tracker = make_mlflow(f"sqlite:///{tmp_path}/local.db")
    result = tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    run = tracker.client.get_run(result.external_id)
    assert run.data.metrics["rmse"] == 0.91
    assert not tracker.is_remote
    assert "local store" in tracker.describe()


def test_a_password_in_the_address_is_not_shown(make_mlflow):
    assert "hunter2" not in make_mlflow("http://me:hunter2@mlflow.example").describe()

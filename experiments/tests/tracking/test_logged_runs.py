"""Runs that others log straight to MLflow become rows of the history, once, and follow what happens to them there."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import Experiment, LoggedRun, LoggedSource, MetricValue, ParameterValue, RunMark
from experiments.services import logged_runs
from experiments.tests.factories import make_experiment, make_person, make_workspace
from experiments.tests.tracking.logbook import START, Logbook, here, rows
from experiments.tests.tracking.mirrors import a_run, batch
from experiments.tracking.mlflow_reader import MlflowReader

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


@pytest.fixture
def read(mlflow_address):
    """One complete reading; its report."""

    def read(**options):
        reader = MlflowReader(mlflow_address, public_url="https://mlflow.example", timeout_seconds=20)
        report = logged_runs.sync(60, using=reader, **options)
        assert report.error == ""
        assert report.done
        return report

    return read


def test_a_run_is_in_the_history_with_everything_it_logged(logbook, read, workspace, tmp_path):
    run_id = logbook.log(
        "first try",
        params={"learning_rate": 0.01, "optimizer": "adam", "layers": "[64, 32]", "seed": 7},
        metrics={"val/ndcg at 10": {1: 0.1, 2: 0.3, 5: 0.2}, "rmse": 0.93, "train/loss": {1: 2.0, 2: 1.5}},
        tags={"model_type": "Hybrid", "team": "search", "candidate": "true", "mlflow.note.content": "by hand"},
        files={"report.json": b'{"ok": true}', "plots/curve.csv": b"a,b\n"},
        folder=tmp_path,
    )
    assert read().read == 1

    run = here(run_id)
    assert (run.name, run.origin, run.status, run.workspace) == ("first try", "mlflow", "completed", workspace)
    assert (run.dataset, run.architecture, run.model_type, run.created_by) == (None, "", "hybrid", None)
    assert run.started_at == run.created_at == dt.datetime.fromtimestamp(START / 1000, dt.UTC)
    assert run.finished_at - run.started_at == dt.timedelta(seconds=60)
    assert run.notes == "by hand"
    assert run.tags == ["candidate", "model_type=Hybrid", "team=search"]
    assert run.parameters == {"layers": "[64, 32]", "learning_rate": "0.01", "optimizer": "adam", "seed": "7"}
    assert run.seed == 7
    number = ParameterValue.objects.get(experiment=run, name="learning_rate").number
    assert number == 0.01

    figures = {row.name: row for row in MetricValue.objects.filter(experiment=run)}
    assert {name: row.value for name, row in figures.items()} == {
        "val/ndcg at 10": 0.2, "rmse": 0.93, "train/loss": 1.5,
    }  # fmt: skip
    assert {row.protocol for row in figures.values()} == {"logged"}
    assert [name for name, row in sorted(figures.items()) if row.higher_is_better] == ["val/ndcg at 10"]
    assert run.metrics["logged"]["rmse"] == 0.93
    assert [(row.epoch, row.values) for row in run.epochs.all()] == [
        (1, {"train/loss": 2.0, "val/ndcg at 10": 0.1}),
        (2, {"train/loss": 1.5, "val/ndcg at 10": 0.3}),
        (5, {"val/ndcg at 10": 0.2}),
    ]
    logged = run.logged
    assert (logged.external_experiment, logged.external_status, logged.logged_by) == (logbook.name, "FINISHED", "grace")
    assert logged.url == f"https://mlflow.example/#/experiments/{logbook.experiment_id}/runs/{run_id}"
    assert logged.tags["mlflow.user"] == "grace"
    assert logged.remark == ""
    assert [(file["path"], file["copied"]) for file in logged.files] == [
        ("plots/curve.csv", True),
        ("report.json", True),
    ]
    assert {one.name: one.file.read_bytes() for one in run.artifacts.all()} == {
        "plots/curve.csv": b"a,b\n", "report.json": b'{"ok": true}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("there", "ours"),
    [("RUNNING", "running"), ("FAILED", "failed"), ("KILLED", "cancelled"), ("SCHEDULED", "queued")],
)
def test_states_are_mapped(logbook, read, there, ours):
    run_id = logbook.log(status="RUNNING")
    if there != "RUNNING":
        logbook.client.update_run(run_id, status=there)
    read()
    run = here(run_id)
    assert run.status == ours
    assert run.failure_reason == ("Reported as failed by MLflow" if ours == "failed" else "")
    assert (run.finished_at is not None) == (ours in ("failed", "cancelled"))


def test_a_second_reading_changes_nothing(logbook, read, tmp_path):
    for number in range(3):
        logbook.log(
            f"run {number}",
            params={"a": number},
            metrics={"loss": {1: 2.0, 2: float("nan")}, "auc": 0.5},
            files={"a.txt": b"a"},
            folder=tmp_path,
            start=START + number,
        )
    logbook.log("running", metrics={"loss": {1: 1.0}}, status="RUNNING")
    read()
    before = rows()
    report = read()
    assert (report.read, report.unchanged > 0, report.deleted) == (0, True, 0)
    assert rows() == before


def test_reading_all_again_finds_the_same(logbook, read, tmp_path):
    run_id = logbook.log(metrics={"loss": {1: 2.0, 2: 1.0}}, params={"a": 1}, files={"a.txt": b"a"}, folder=tmp_path)
    read()
    before = rows()
    LoggedSource.objects.update(checked_at=None, newest_start=None)
    assert read(reread_before=timezone.now()).read == 1
    after = rows()
    for logged in (*before["LoggedRun"], *after["LoggedRun"]):
        assert logged.pop("synced_at")
    assert after == before
    assert here(run_id).artifacts.count() == 1


def test_runs_of_ours_are_not_read_from_their_own_mirror(
    logbook, read, make_mlflow, mlflow_address, experiment_id, settings
):
    settings.LOGGED_RUNS_EXPERIMENTS = [logbook.name, "training"]
    tracker = make_mlflow(mlflow_address)
    mirror = tracker.deliver(batch(experiment_id, a_run(experiment_id)))
    ours = make_experiment(name="ours")
    ours.tracker_runs.create(tracker="mlflow", external_id=mirror.external_id)
    other = logbook.log("theirs")
    read()
    assert not LoggedRun.objects.filter(external_id=mirror.external_id).exists()
    assert here(other).name == "theirs"
    # Also where somebody has taken our tag off it.
    tracker.client.delete_tag(mirror.external_id, "mlopspro.experiment_id")
    read()
    assert not LoggedRun.objects.filter(external_id=mirror.external_id).exists()


def test_a_running_one_is_followed_to_its_end(logbook, read, settings):
    run_id = logbook.log(metrics={"loss": {1: 2.0}}, status="RUNNING")
    read()
    settings.LOGGED_RUNS_SWEEP_SECONDS = 3600.0
    logbook.client.log_metric(run_id, "loss", 1.0, step=2)
    read()
    assert [(row.epoch, row.values["loss"]) for row in here(run_id).epochs.all()] == [(1, 2.0), (2, 1.0)]
    logbook.client.set_terminated(run_id, "FINISHED")
    read()
    assert here(run_id).status == "completed"


def test_what_changes_there_changes_here_and_what_was_done_here_stays(logbook, read):
    run_id = logbook.log("old name", params={"a": 1}, tags={"stage": "draft", "gone": "soon", "kept": "yes"})
    read()
    run = here(run_id)
    run.tags = [tag for tag in run.tags if tag != "kept"] + ["mine"]
    run.notes = "my note"
    run.save()
    RunMark.objects.create(workspace=run.workspace, user=make_person(), experiment=run, kind="pinned")

    logbook.client.update_run(run_id, name="new name")
    logbook.tag(run_id, stage="final")
    logbook.client.delete_tag(run_id, "gone")
    logbook.client.log_param(run_id, "b", "2")
    logbook.client.log_metric(run_id, "auc", 0.7)
    read()

    run = here(run_id)
    assert run.name == "new name"
    assert run.tags == ["mine", "stage=final"]
    assert run.notes == "my note"
    assert run.parameters == {"a": "1", "b": "2"}
    assert {row.name: row.text for row in run.parameter_values.all()} == {"a": "1", "b": "2"}
    assert run.metric_values.get().value == 0.7
    assert run.marks.count() == 1


def test_a_name_given_here_stays_until_it_is_changed_there(logbook, read):
    run_id = logbook.log("theirs")
    read()
    Experiment.objects.filter(logged__external_id=run_id).update(name="ours")
    logbook.client.log_metric(run_id, "auc", 0.7)
    read()
    assert here(run_id).name == "ours"
    logbook.client.update_run(run_id, name="theirs again")
    read()
    assert here(run_id).name == "theirs again"


def test_deleted_and_restored_there_is_deleted_and_restored_here(logbook, read):
    run_id = logbook.log()
    never_seen = logbook.log("deleted before it was read")
    logbook.client.delete_run(never_seen)
    read()
    logbook.client.delete_run(run_id)
    assert read().deleted == 1
    assert here(run_id).deleted_at is not None
    before = rows()
    assert read().deleted == 0
    assert rows() == before
    logbook.client.restore_run(run_id)
    read()
    assert here(run_id).deleted_at is None
    assert LoggedRun.objects.count() == 1


def test_what_was_deleted_here_is_not_brought_back(logbook, read):
    run_id = logbook.log()
    read()
    Experiment.objects.filter(logged__external_id=run_id).update(deleted_at=timezone.now())
    logbook.client.log_metric(run_id, "auc", 0.7)
    read()
    logbook.client.delete_run(run_id)
    read()
    logbook.client.restore_run(run_id)
    read()
    assert here(run_id).deleted_at is not None


def test_an_experiment_deleted_or_renamed_there_takes_its_runs_along(logbook, read, settings):
    run_id = logbook.log()
    read()
    settings.LOGGED_RUNS_EXPERIMENTS = [f"*{logbook.name}"]
    new_name = f"renamed {logbook.name}"
    logbook.client.rename_experiment(logbook.experiment_id, new_name)
    read()
    assert here(run_id).logged.external_experiment == new_name
    assert LoggedSource.objects.get(external_id=logbook.experiment_id).name == new_name
    logbook.client.delete_experiment(logbook.experiment_id)
    read()
    assert here(run_id).deleted_at is not None


def test_a_second_experiment_is_found_and_others_are_left_out(logbook, read, mlflow_address, settings):
    second = Logbook(mlflow_address, f"{logbook.name} b")
    settings.LOGGED_RUNS_EXPERIMENTS = [f"{logbook.name}*"]
    first_id, second_id = logbook.log(), second.log()
    left_out = Logbook(mlflow_address).log()
    read()
    assert {here(first_id).logged.external_experiment, here(second_id).logged.external_experiment} == {
        logbook.name, second.name,
    }  # fmt: skip
    assert not LoggedRun.objects.filter(external_id=left_out).exists()
    assert set(LoggedSource.objects.values_list("runs_found", flat=True)) == {1}


def test_a_run_purged_there_while_it_ran_counts_as_cancelled(logbook, read):
    run_id = logbook.log(status="RUNNING")
    read()
    # MLflow's API cannot purge a run; an id that it never had is the same to us.
    LoggedRun.objects.filter(external_id=run_id).update(external_id="0" * 32)
    logbook.client.delete_run(run_id)
    read()
    run = here("0" * 32)
    assert run.status == "cancelled"
    assert "no longer knows" in run.logged.remark
    before = rows()
    read()
    assert rows() == before

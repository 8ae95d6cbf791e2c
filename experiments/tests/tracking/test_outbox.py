"""What is written for the trackers, and when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from experiments.models import Artifact, JobStatus, MetricValue, OutboxEntry, TrackerRun
from experiments.services import outbox
from experiments.tests.factories import make_dataset, make_person, make_workspace
from experiments.tests.tracking.runs import add_file, finish, launched, train
from experiments.tracking.messages import End, Epoch, Metrics, Open, from_payload

pytestmark = pytest.mark.django_db


def entries(experiment, tracker="mlflow"):
    return list(OutboxEntry.objects.filter(tracker_run__experiment=experiment, tracker_run__tracker=tracker))


def messages(experiment, kind, tracker="mlflow"):
    return [from_payload(entry.payload) for entry in entries(experiment, tracker) if entry.kind == kind]


def test_a_launch_opens_a_mirror_for_each_tracker_chosen_and_only_once():
    experiment = launched("mlflow", "wandb")
    outbox.open_mirrors(experiment)
    assert sorted(TrackerRun.objects.filter(experiment=experiment).values_list("tracker", flat=True)) == [
        "mlflow",
        "wandb",
    ]
    assert [entry.kind for entry in entries(experiment)] == ["open"]
    assert [entry.kind for entry in entries(experiment, "wandb")] == ["open"]


def test_a_run_without_trackers_writes_nothing(django_assert_num_queries):
    experiment = launched()
    with django_assert_num_queries(0):
        outbox.record_start(experiment)
        outbox.record_epoch(experiment, 1, {"train_loss": 1.0}, timezone.now())
        outbox.record_end(experiment, "failed")
    assert not OutboxEntry.objects.exists()


def test_entries_follow_the_order_of_events_without_gaps():
    experiment = launched("mlflow", "wandb")
    train(experiment, 3)
    finish(experiment)
    for tracker in ("mlflow", "wandb"):
        rows = entries(experiment, tracker)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        kinds = [row.kind for row in rows]
        assert kinds == ["open", "start", "epoch", "epoch", "epoch", "start", "metrics", "artifacts", "end"]


def test_what_is_rolled_back_is_not_told():
    experiment = launched("mlflow")
    with transaction.atomic():
        outbox.record_epoch(experiment, 1, {"train_loss": 1.0}, timezone.now())
        transaction.set_rollback(True)
    assert [entry.kind for entry in entries(experiment)] == ["open"]
    outbox.record_epoch(experiment, 1, {"train_loss": 1.0}, timezone.now())
    assert [entry.seq for entry in entries(experiment)] == [1, 2]


def test_the_opening_says_everything_about_the_run():
    experiment = launched(
        "mlflow",
        architecture="hybrid",
        model_type="hybrid",
        name="My run",
        seed=7,
        parameters={"embedding_dim": 50, "optimizer": {"name": "adam", "learning_rate": 0.001}},
        split={"method": "time", "test_share": 0.2},
        notes="password=hunter2 try again",
        tags=["night"],
        created_by=make_person("ada@example.org"),
        queued_at=dt.datetime(2026, 11, 20, 23, 5, 9, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    )
    (message,) = messages(experiment, "open")
    assert isinstance(message, Open)
    assert message.name == "hybrid-20261120-210509"
    assert message.group == "training"
    assert "hunter2" not in message.notes
    assert "try again" in message.notes
    assert message.labels == ("hybrid", "night")
    assert (
        message.params.items()
        >= {
            "embedding_dim": 50,
            "optimizer.name": "adam",
            "optimizer.learning_rate": 0.001,
            "split.method": "time",
            "seed": 7,
            "dataset.num_users": 100,
            "dataset.num_items": 50,
            "dataset.sha256": experiment.dataset.sha256,
        }.items()
    )
    assert (
        message.tags.items()
        >= {
            "model_type": "hybrid",
            "model_name": "My run",
            "framework": "keras",
            "status": "inactive",
            "pipeline": "training",
            "headline_protocol": "rated",
            "mlopspro.experiment_id": str(experiment.pk),
            "mlopspro.tags": "night",
        }.items()
    )


def test_another_workspace_has_mlflow_experiments_of_its_own():
    experiment = launched("mlflow", workspace=make_workspace("second"))
    (message,) = messages(experiment, "open")
    assert message.group == "training-second"


def test_figures_that_are_not_finite_survive_as_unknown():
    experiment = launched("mlflow")
    outbox.record_epoch(
        experiment, 1, {"train_loss": float("nan"), "val_loss": float("-inf"), "learning_rate": 0.1}, timezone.now()
    )
    (message,) = messages(experiment, "epoch")
    assert isinstance(message, Epoch)
    assert message.values == {"train_loss": None, "val_loss": None, "learning_rate": 0.1}


@pytest.mark.parametrize(("feedback", "plain"), [("explicit", 0.8), ("implicit", 0.1)])
def test_plain_names_are_the_headline_protocols_and_the_others_carry_theirs(feedback, plain):
    experiment = launched("mlflow", dataset=make_dataset(feedback=feedback))
    for protocol, name, segment, value in (
        ("rated", "precision_at_10", "all", 0.8),
        ("rated", "precision_at_10", "head", 0.99),
        ("catalogue", "precision_at_10", "all", 0.1),
        ("rated", "f1_at_10", "all", 0.7),
        ("pointwise", "rmse", "all", 0.9),
    ):
        MetricValue.objects.create(
            workspace_id=experiment.workspace_id,
            experiment=experiment,
            protocol=protocol,
            name=name,
            segment=segment,
            value=value,
        )
    experiment.timings = {"train": 2.5}
    outbox.record_metrics(experiment)

    (message,) = messages(experiment, "metrics")
    assert isinstance(message, Metrics)
    assert message.values["precision_at_10"] == plain
    assert message.values["rated.precision_at_10"] == 0.8
    assert message.values["catalogue.precision_at_10"] == 0.1
    assert message.values["rmse"] == 0.9
    assert message.values.get("f1_score") == (0.7 if feedback == "explicit" else None)
    assert message.values["training_time_seconds"] == 2.5
    assert not [name for name in message.values if "@" in name]


def test_final_figures_told_twice_are_the_same_point():
    experiment = launched("mlflow")
    train(experiment, 4)
    MetricValue.objects.create(
        workspace_id=experiment.workspace_id, experiment=experiment, protocol="pointwise", name="rmse", value=0.9
    )
    outbox.record_metrics(experiment)
    outbox.record_metrics(experiment)
    first, second = messages(experiment, "metrics")
    assert first == second
    assert first.step == 4


def test_files_about_single_people_stay_in_the_house():
    experiment = launched("mlflow")
    add_file(experiment)
    add_file(experiment, "per_user.parquet", b"private")
    outbox.record_artifacts(experiment)
    (message,) = messages(experiment, "artifacts")
    (file,) = message.files
    row = Artifact.objects.get(experiment=experiment, name="metrics.json")
    assert (file.name, file.path, file.sha256) == ("metrics.json", row.path, row.sha256)


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_an_end_carries_its_state_and_time(status):
    experiment = launched("mlflow")
    train(experiment, 1)
    finish(experiment, status)
    (message,) = messages(experiment, "end")
    assert isinstance(message, End)
    assert message.status == status
    assert message.at == experiment.finished_at
    assert message.reason == ("it broke" if status == JobStatus.FAILED else "")


def test_only_an_end_is_an_end():
    experiment = launched("mlflow")
    with pytest.raises(ValueError, match=r"running.*completed, failed, cancelled"):
        outbox.record_end(experiment, "running")


def test_a_rebuilt_outbox_tells_the_same_story():
    experiment = launched("mlflow")
    train(experiment, 3)
    finish(experiment)
    kinds = ("open", "epoch", "metrics", "end")
    before = {kind: messages(experiment, kind) for kind in kinds}
    files = [message.files for message in messages(experiment, "artifacts")]

    outbox.rebuild(TrackerRun.objects.get(experiment=experiment))

    assert {kind: messages(experiment, kind) for kind in kinds} == before
    assert [message.files for message in messages(experiment, "artifacts")] == files
    assert all(entry.delivered_at is None for entry in entries(experiment))


def test_a_run_started_again_goes_on_even_when_its_entries_are_pruned():
    experiment = launched("mlflow")
    train(experiment, 2)
    finish(experiment, JobStatus.FAILED)
    experiment.status = JobStatus.QUEUED
    experiment.finished_at = None
    experiment.failure_reason = ""
    experiment.save()
    outbox.reopen_mirrors(experiment)
    assert entries(experiment)[-1].kind == "reopen"

    OutboxEntry.objects.all().delete()
    TrackerRun.objects.update(external_id="known")
    outbox.reopen_mirrors(experiment)
    assert [entry.kind for entry in entries(experiment)] == ["open", "start", "epoch", "epoch", "reopen"]


def test_an_epoch_costs_three_queries_however_many_trackers(django_assert_num_queries):
    experiment = launched("mlflow", "wandb")
    with django_assert_num_queries(3):
        outbox.record_epoch(experiment, 1, {"train_loss": 1.0, "val_loss": 2.0}, timezone.now())

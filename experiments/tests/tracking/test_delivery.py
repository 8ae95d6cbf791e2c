"""Delivery: order, retries, breakers and locks, with the tracker that lives in memory."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, connections
from django.utils import timezone

from experiments.models import JobStatus, OutboxEntry, TrackerHealth, TrackerRun
from experiments.services import breaker, delivery, locks, outbox
from experiments.tests.tracking.runs import finish, launched, train
from experiments.tracking.memory import MemoryTracker
from experiments.tracking.protocol import DeliveryFailed, DeliveryResult, MessageRefused, TrackerUnavailable

pytestmark = pytest.mark.django_db
PLENTY = 60.0


@pytest.fixture
def tracker():
    return MemoryTracker("mlflow", "MLflow")


def deliver(tracker, **options):
    return delivery.deliver_waiting(PLENTY, using={tracker.key: tracker}, **options)


def waiting():
    return OutboxEntry.objects.filter(delivered_at__isnull=True).count()


def mirror(experiment):
    return TrackerRun.objects.get(experiment=experiment, tracker="mlflow")


def make_due():
    """As if every pause were over."""
    past = timezone.now() - dt.timedelta(seconds=1)
    TrackerHealth.objects.filter(open_until__isnull=False).update(open_until=past)
    TrackerRun.objects.filter(retry_at__isnull=False).update(retry_at=past)


def test_everything_arrives_in_order_and_once(tracker):
    experiment = launched("mlflow")
    train(experiment, 5)
    finish(experiment)
    count = OutboxEntry.objects.count()

    assert deliver(tracker) == count
    assert deliver(tracker) == 0

    run = tracker.runs[str(experiment.pk)]
    assert [step for name, step, _, _ in run.points if name == "train_loss"] == [1, 2, 3, 4, 5]
    assert run.status == "completed"
    row = mirror(experiment)
    assert (row.state, row.external_id, row.last_error) == ("synced", str(experiment.pk), "")
    assert row.url
    assert row.synced_at


def test_a_running_run_is_syncing_until_its_end_has_arrived(tracker):
    experiment = launched("mlflow")
    train(experiment, 1)
    deliver(tracker)
    assert mirror(experiment).state == "syncing"
    finish(experiment)
    deliver(tracker)
    assert mirror(experiment).state == "synced"


def test_a_run_longer_than_a_batch_arrives_whole(tracker, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH_SIZE", 7)
    experiment = launched("mlflow")
    train(experiment, 40)
    deliver(tracker)
    steps = [step for name, step, _, _ in tracker.runs[str(experiment.pk)].points if name == "train_loss"]
    assert steps == list(range(1, 41))
    assert waiting() == 0


def test_an_outage_costs_one_try_until_the_pause_is_over(tracker):
    for _ in range(3):
        train(launched("mlflow"), 2)
    everything = waiting()
    tracker.go_down()
    for _ in range(5):
        assert deliver(tracker) == 0
    assert tracker.deliveries <= 1
    health = TrackerHealth.objects.get(tracker="mlflow")
    assert health.failures == 1
    assert health.last_error == "MLflow is down"
    assert waiting() == everything

    tracker.come_back()
    assert deliver(tracker) == 0, "the pause is not over"
    make_due()
    assert deliver(tracker) == everything
    health.refresh_from_db()
    assert (health.failures, health.open_until, health.last_error) == (0, None, "")
    assert health.last_ok_at


def test_its_state_mends_by_itself_when_nothing_waits(tracker):
    breaker.failed("mlflow", "away")
    deliver(tracker)
    assert not breaker.allows("mlflow")
    make_due()
    deliver(tracker)
    assert TrackerHealth.objects.get(tracker="mlflow").failures == 0


def test_pauses_double_from_five_seconds_to_five_minutes():
    seconds = [breaker.pause_after(failures).total_seconds() for failures in range(1, 9)]
    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300]
    assert breaker.pause_after(10_000).total_seconds() == 300


def test_only_one_caller_tries_a_tracker_that_was_away():
    breaker.failed("mlflow", "away")
    assert not breaker.allows("mlflow")
    make_due()
    assert breaker.allows("mlflow")
    assert not breaker.allows("mlflow"), "the first one is still trying"
    breaker.succeeded("mlflow")
    assert breaker.allows("mlflow")
    assert breaker.allows("mlflow")


def test_the_button_ends_every_pause(tracker):
    experiment = launched("mlflow")
    tracker.go_down()
    deliver(tracker)
    tracker.come_back()
    TrackerRun.objects.update(retry_at=timezone.now() + dt.timedelta(hours=1))
    assert deliver(tracker) == 0
    delivery.retry_now(mirror(experiment))
    assert deliver(tracker) == 1


class PickyTracker(MemoryTracker):
    """Takes everything but what ``mind`` objects to."""

    def __init__(self, mind):
        super().__init__("mlflow", "MLflow")
        self.mind = mind

    def deliver(self, batch):
        for message in batch.messages:
            self.mind(batch.run, message)
        return super().deliver(batch)


def test_a_run_that_fails_holds_up_no_other():
    bad = launched("mlflow")
    good = launched("mlflow")

    def mind(run, _):
        if run.experiment_id == str(bad.pk):
            raise DeliveryFailed("MLflow answered with an error")

    tracker = PickyTracker(mind)
    deliver(tracker)

    assert list(tracker.runs) == [str(good.pk)]
    row = mirror(bad)
    assert (row.failures, row.last_error) == (1, "MLflow answered with an error")
    assert row.retry_at > timezone.now()
    assert breaker.allows("mlflow")
    tracker.mind = lambda *_: None
    assert deliver(tracker) == 0
    make_due()
    assert deliver(tracker) == 1
    row.refresh_from_db()
    assert (row.failures, row.retry_at, row.last_error) == (0, None, "")


def test_one_refused_message_is_set_aside_with_its_reason():
    def mind(_, message):
        if getattr(message, "epoch", 0) == 3:
            raise MessageRefused("no third epoch, please")

    experiment = launched("mlflow")
    train(experiment, 5)
    finish(experiment)
    tracker = PickyTracker(mind)
    deliver(tracker)

    steps = [step for name, step, _, _ in tracker.runs[str(experiment.pk)].points if name == "train_loss"]
    assert steps == [1, 2, 4, 5]
    refused = OutboxEntry.objects.exclude(refused="")
    assert [entry.payload["epoch"] for entry in refused] == [3]
    assert waiting() == 0
    assert mirror(experiment).last_error == "1 entries were refused; the last one: no third epoch, please"
    assert mirror(experiment).state == "synced"


def test_a_run_deleted_there_takes_nothing_more():
    def mind(*_):
        raise MessageRefused("This run was deleted in MLflow", whole_run=True)

    experiment = launched("mlflow")
    train(experiment, 50)
    tracker = PickyTracker(mind)
    deliver(tracker)
    assert waiting() == 0
    assert "deleted in MLflow" in mirror(experiment).last_error


def test_an_entry_that_cannot_be_read_is_set_aside(tracker):
    experiment = launched("mlflow")
    train(experiment, 2)
    OutboxEntry.objects.filter(kind="epoch", payload__epoch=1).update(payload={"kind": "from the future"})
    deliver(tracker)
    assert [step for name, step, _, _ in tracker.runs[str(experiment.pk)].points if name == "train_loss"] == [2]
    assert "cannot be read" in mirror(experiment).last_error


def test_a_tracker_that_lost_everything_is_told_everything_again(tracker):
    experiment = launched("mlflow")
    train(experiment, 2)
    deliver(tracker)
    before = dict(tracker.runs[str(experiment.pk)].points)
    tracker.runs.clear()
    train(experiment, 1, first=3)

    deliver(tracker)
    deliver(tracker)

    points = tracker.runs[str(experiment.pk)].points
    assert before.keys() <= points.keys()
    assert [step for name, step, _, _ in points if name == "train_loss"] == [1, 2, 3]


def test_an_error_of_ours_puts_off_one_run_and_not_the_worker():
    def mind(*_):
        raise ZeroDivisionError

    experiment = launched("mlflow")
    assert deliver(PickyTracker(mind)) == 0
    assert "unexpected" in mirror(experiment).last_error
    assert waiting() == 1


def test_one_run_alone_can_be_delivered(tracker):
    first, second = launched("mlflow"), launched("mlflow")
    assert deliver(tracker, experiment=second.pk) == 1
    assert list(tracker.runs) == [str(second.pk)]
    assert mirror(first).state == "pending"


class WholeRunTracker(MemoryTracker):
    """Like W&B: complete runs, kept here, sent on when there is a way."""

    whole_runs = True
    local = True

    def __init__(self):
        super().__init__("wandb", "W&B")
        self.batches = []
        self.uploads = []
        self.can_upload = False

    def deliver(self, batch):
        self.batches.append([message.kind for message in batch.messages])
        return DeliveryResult(batch.run.experiment_id, "", "offline")

    def upload(self, run):
        if self.fail_with:
            raise self.fail_with
        self.uploads.append(run.experiment_id)
        return DeliveryResult(run.external_id, "https://wandb.example/1", "synced")


def test_a_tracker_of_whole_runs_gets_them_when_they_have_ended():
    tracker = WholeRunTracker()
    experiment = launched("wandb")
    train(experiment, 2)
    assert deliver(tracker) == 0
    assert tracker.batches == []
    finish(experiment, JobStatus.FAILED)
    deliver(tracker)
    assert tracker.batches == [["open", "start", "epoch", "epoch", "end"]]
    assert TrackerRun.objects.get(experiment=experiment).state == "offline"
    assert deliver(tracker) == 0

    outbox.reopen_mirrors(experiment)
    train(experiment, 1, first=3)
    assert deliver(tracker) == 0
    finish(experiment)
    deliver(tracker)
    assert tracker.batches[1][:5] == tracker.batches[0]
    assert tracker.batches[1][-1] == "end"
    assert len(tracker.batches) == 2


def test_offline_copies_are_sent_on_once_there_is_a_key():
    tracker = WholeRunTracker()
    experiment = launched("wandb")
    finish(experiment, JobStatus.CANCELLED)
    deliver(tracker)
    tracker.can_upload = True
    tracker.fail_with = TrackerUnavailable("W&B cannot be reached")
    deliver(tracker)
    row = TrackerRun.objects.get(experiment=experiment)
    assert row.state == "offline"
    assert TrackerHealth.objects.get(tracker="wandb").last_error == "W&B cannot be reached"

    another = launched("wandb")
    finish(another, JobStatus.CANCELLED)
    deliver(tracker)
    assert len(tracker.batches) == 2, "copies are written while W&B is away"

    tracker.fail_with = None
    make_due()
    deliver(tracker)
    deliver(tracker)
    assert sorted(tracker.uploads) == sorted([str(experiment.pk), str(another.pk)])
    row.refresh_from_db()
    assert (row.state, row.url) == ("synced", "https://wandb.example/1")


def test_old_entries_of_ended_runs_are_pruned(tracker):
    ended, running = launched("mlflow"), launched("mlflow")
    train(ended, 1)
    finish(ended)
    train(running, 1)
    deliver(tracker)
    long_ago = timezone.now() - dt.timedelta(days=8)
    OutboxEntry.objects.update(delivered_at=long_ago)
    waiting_one = launched("mlflow")
    delivery.prune()
    left = set(OutboxEntry.objects.values_list("tracker_run__experiment", flat=True))
    assert left == {running.pk, waiting_one.pk}


@pytest.mark.django_db(transaction=True)
def test_a_run_that_another_worker_delivers_is_left_to_it(tracker):
    experiment = launched("mlflow")
    numbers = [locks.TRACKER_RUN, mirror(experiment).pk]
    other = connections.create_connection("default")
    other.settings_dict = connection.settings_dict
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", numbers)
        assert deliver(tracker) == 0
        assert tracker.deliveries == 0
    finally:
        other.close()  # as its death would
    assert deliver(tracker) == 1


def test_a_large_backlog_is_delivered_in_few_calls(tracker):
    experiment = launched("mlflow")
    train(experiment, 1)
    row = mirror(experiment)
    template = OutboxEntry.objects.get(tracker_run=row, kind="epoch")
    OutboxEntry.objects.bulk_create(
        OutboxEntry(
            tracker_run=row,
            seq=number,
            kind="epoch",
            payload=template.payload | {"epoch": number},
            created_at=template.created_at,
        )
        for number in range(4, 10_001)
    )
    deliver(tracker)
    assert waiting() == 0
    assert tracker.deliveries <= 10_000 / delivery.BATCH_SIZE + 1

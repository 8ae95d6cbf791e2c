"""One winner a job, no lost job, and no write without the lease - whatever order things happen in."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.jobs.lease import LeaseLost
from experiments.models import Experiment, FailureKind, JobStatus, LogLine
from experiments.models.job import JobStateError
from experiments.tests.factories import make_experiment

pytestmark = pytest.mark.django_db


def expire(run: Experiment) -> None:
    Experiment.objects.filter(pk=run.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))


def test_the_longest_waiting_is_claimed_first():
    later = make_experiment(queued_at=timezone.now())
    first = make_experiment(queued_at=timezone.now() - dt.timedelta(minutes=5))
    assert lifecycle.claim("experiment").pk == first.pk
    assert lifecycle.claim("experiment").pk == later.pk
    assert lifecycle.claim("experiment") is None


def test_a_job_that_must_wait_is_not_claimed_yet():
    run = make_experiment(not_before=timezone.now() + dt.timedelta(seconds=60))
    assert lifecycle.claim("experiment") is None
    Experiment.objects.filter(pk=run.pk).update(not_before=timezone.now())
    assert lifecycle.claim("experiment").pk == run.pk


@pytest.mark.django_db(transaction=True)
def test_many_workers_claiming_at_once_never_get_the_same_job():
    made = {make_experiment().pk for _ in range(6)}
    got: list[object] = []

    def work() -> None:
        try:
            while lease := lifecycle.claim("experiment"):
                got.append(lease.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, got)) == sorted(map(str, made))


def test_an_attempt_that_lost_its_lease_can_write_nothing():
    run = make_experiment()
    old = lifecycle.claim("experiment")
    expire(run)
    assert lifecycle.reap() == 1
    Experiment.objects.filter(pk=run.pk).update(not_before=None)
    new = lifecycle.claim("experiment")
    assert new.token > old.token
    with pytest.raises(LeaseLost):
        old.commit(lambda job: setattr(job, "notes", "late"))
    with pytest.raises(LeaseLost):
        old.renew()
    new.commit(lambda job: setattr(job, "notes", "mine"))
    run.refresh_from_db()
    assert run.notes == "mine"
    assert run.attempt == 2


def test_a_row_that_never_sent_a_heartbeat_is_found_too():
    run = make_experiment()
    lifecycle.claim("experiment")
    long_ago = timezone.now() - dt.timedelta(hours=1)
    Experiment.objects.filter(pk=run.pk).update(lease_until=None, heartbeat_at=None, started_at=long_ago)
    assert lifecycle.reap() == 1


def test_a_renewed_lease_is_not_reaped():
    run = make_experiment()
    lease = lifecycle.claim("experiment")
    expire(run)
    assert lease.renew() is False
    assert lifecycle.reap() == 0


def test_a_poison_job_fails_after_its_attempts_with_its_reason():
    run = make_experiment(max_attempts=3)
    for _ in range(3):
        Experiment.objects.filter(pk=run.pk).update(not_before=None)
        assert lifecycle.claim("experiment") is not None
        expire(run)
        assert lifecycle.reap() == 1
    run.refresh_from_db()
    assert run.status == JobStatus.FAILED
    assert run.failure_kind == FailureKind.WORKER_LOST
    assert "3 attempts" in run.failure_reason
    assert run.finished_at is not None
    assert lifecycle.claim("experiment") is None
    assert LogLine.objects.filter(experiment=run, message__contains="was lost").count() == 3


def test_lost_attempts_wait_longer_each_time():
    run = make_experiment(max_attempts=5)
    pauses = []
    for _ in range(3):
        Experiment.objects.filter(pk=run.pk).update(not_before=None)
        lifecycle.claim("experiment")
        expire(run)
        lifecycle.reap()
        run.refresh_from_db()
        pauses.append((run.not_before - timezone.now()).total_seconds())
    assert pauses == sorted(pauses)
    assert pauses[0] > 0


def test_an_attempt_handed_back_by_a_stopping_worker_is_not_counted():
    run = make_experiment()
    lease = lifecycle.claim("experiment")
    lease.commit(lambda job: lifecycle.hand_back(job, "The worker was stopped."))
    run.refresh_from_db()
    assert (run.status, run.attempt) == (JobStatus.QUEUED, 0)
    assert lifecycle.claim("experiment").pk == run.pk


def test_stopping_a_waiting_job_ends_it_at_once(member):
    run = make_experiment()
    stopped = lifecycle.request_stop(run, member)
    assert stopped.status == JobStatus.CANCELLED
    assert lifecycle.claim("experiment") is None


def test_stopping_a_running_job_is_heard_by_the_heartbeat(member):
    run = make_experiment()
    lease = lifecycle.claim("experiment")
    assert lifecycle.request_stop(run, member).status == JobStatus.RUNNING
    assert lease.renew() is True


def test_a_job_whose_worker_is_lost_after_a_stop_ends_cancelled(member):
    run = make_experiment()
    lifecycle.claim("experiment")
    lifecycle.request_stop(run, member)
    expire(run)
    lifecycle.reap()
    run.refresh_from_db()
    assert run.status == JobStatus.CANCELLED


def test_stopping_twice_or_after_the_end_changes_nothing(member):
    run = make_experiment()
    first = lifecycle.request_stop(run, member)
    second = lifecycle.request_stop(run, member)
    assert second.finished_at == first.finished_at


def test_only_ended_jobs_can_be_queued_again(member):
    run = make_experiment()
    with pytest.raises(JobStateError, match="queued"):
        lifecycle.enqueue_again(run, member)
    lifecycle.request_stop(run, member)
    again = lifecycle.enqueue_again(run, member)
    assert (again.status, again.attempt, again.failure_reason) == (JobStatus.QUEUED, 0, "")
    assert again.stop_requested_at is None


def test_a_completed_job_cannot_be_queued_again(member):
    run = make_experiment()
    lease = lifecycle.claim("experiment")
    lease.commit(lambda job: lifecycle.end(job, JobStatus.COMPLETED))
    with pytest.raises(JobStateError, match="completed"):
        lifecycle.enqueue_again(run, member)


def test_a_failed_write_leaves_the_row_as_it_was():
    run = make_experiment()
    lease = lifecycle.claim("experiment")

    def write(job: Experiment) -> None:
        job.notes = "half"
        LogLine.objects.create(experiment=job, attempt=1, at=timezone.now(), message="half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        lease.commit(write)
    run.refresh_from_db()
    assert run.notes == ""
    assert not LogLine.objects.filter(experiment=run).exists()


def test_the_place_in_the_queue_counts_those_before():
    now = timezone.now()
    runs = [make_experiment(queued_at=now + dt.timedelta(seconds=place)) for place in range(3)]
    assert [run.queue_position() for run in runs] == [1, 2, 3]
    lifecycle.claim("experiment")
    assert [Experiment.objects.get(pk=run.pk).queue_position() for run in runs] == [None, 1, 2]

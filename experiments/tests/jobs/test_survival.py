"""Runs survive whatever happens to the processes they run in - and end with the numbers of an undisturbed run."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time

import psutil
import pytest
from django.db import OperationalError

from experiments.jobs import lifecycle
from experiments.models import FailureKind, JobStatus
from experiments.tests.jobs.running import (
    figures,
    losses,
    start,
    trainer_of,
    trainers_of,
    until,
    until_ended,
    until_epoch,
)

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]
EPOCHS = 60
LONG = {"epochs": EPOCHS, "embedding_dim": 16}


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, object]:
    """Filled by the first test that needs it; all others compare with it."""
    return {}


def reference(undisturbed: dict[str, object]) -> dict[str, object]:
    if not undisturbed:
        run = until_ended(start("undisturbed", parameters=LONG))
        assert run.status == JobStatus.COMPLETED, run.failure_reason
        undisturbed |= {"figures": figures(run), "losses": losses(run)}
    return undisturbed


def assert_as_undisturbed(run, undisturbed) -> None:
    assert run.status == JobStatus.COMPLETED, run.failure_reason
    assert figures(run) == undisturbed["figures"]
    assert losses(run) == undisturbed["losses"]
    assert [epoch for epoch, _ in losses(run)] == list(range(1, EPOCHS + 1))


@pytest.mark.parametrize("epoch", [1, 7, 31])
def test_a_killed_trainer_is_resumed_from_its_last_epoch(live_stack, undisturbed, epoch):
    expected = reference(undisturbed)
    run = until_epoch(start(f"trainer killed at {epoch}", parameters=LONG), epoch)
    os.kill(trainer_of(live_stack, run).pid, signal.SIGKILL)
    run = until_ended(run)
    assert run.attempt == 2
    assert "SIGKILL" in "\n".join(run.log_lines.values_list("message", flat=True))
    assert_as_undisturbed(run, expected)


def test_a_killed_pool_process_takes_its_trainer_along_and_the_run_goes_on(live_stack, undisturbed):
    expected = reference(undisturbed)
    run = until_epoch(start("pool process killed", parameters=LONG), 5)
    trainer = trainer_of(live_stack, run)
    os.kill(int(run.worker.rsplit(":", 1)[1]), signal.SIGKILL)
    trainer.wait(30)
    assert_as_undisturbed(until_ended(run), expected)


def test_a_killed_worker_leaves_no_process_and_the_run_goes_on_when_one_is_back(live_stack, undisturbed):
    expected = reference(undisturbed)
    run = until_epoch(start("worker killed", parameters=LONG), 5)
    family = live_stack.family("worker-train")
    for process in family:
        process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    run = until(run, lambda row: row.status in (JobStatus.QUEUED, JobStatus.FAILED))
    assert run.status == JobStatus.QUEUED
    live_stack.heal()
    assert_as_undisturbed(until_ended(run), expected)


def test_a_frozen_trainer_loses_its_lease_and_can_write_nothing_when_it_wakes(live_stack, undisturbed):
    expected = reference(undisturbed)
    run = until_epoch(start("trainer frozen", parameters=LONG), 5)
    trainer = trainer_of(live_stack, run)
    trainer.suspend()
    try:
        # Nobody but the reaper can tell: the process is there and silent.
        run = until(run, lambda row: row.attempt == 2 or row.status == JobStatus.QUEUED)
    finally:
        if trainer.is_running():
            trainer.resume()
    trainer.wait(30)
    run = until_ended(run)
    assert_as_undisturbed(run, expected)


def test_a_poison_run_fails_after_its_attempts_and_others_go_on(live_stack):
    poison = start("poison", parameters=LONG)
    for attempt in (1, 2, 3):
        run = until(
            poison, lambda row, attempt=attempt: row.is_terminal or (row.attempt == attempt and row.progress_done > 0)
        )
        os.kill(trainer_of(live_stack, run).pid, signal.SIGKILL)
        run = until(
            poison,
            lambda row, attempt=attempt: row.is_terminal or row.status == JobStatus.QUEUED or row.attempt > attempt,
        )
    run = until_ended(poison)
    assert run.status == JobStatus.FAILED
    assert run.failure_kind == FailureKind.WORKER_LOST
    assert "SIGKILL" in run.failure_reason
    assert until_ended(start("after the poison", architecture="popularity")).status == JobStatus.COMPLETED


def test_stop_ends_a_run_within_ten_seconds_and_keeps_its_epochs(live_stack):
    run = until_epoch(start("to be stopped", parameters={"epochs": 1000}), 3)
    lifecycle.request_stop(run, None)
    run = until_ended(run)
    assert run.finished_at - run.stop_requested_at < dt.timedelta(seconds=10)
    assert run.status == JobStatus.CANCELLED
    epochs = run.epochs.count()
    assert epochs >= 3
    time.sleep(2)
    run.refresh_from_db()
    assert (run.status, run.epochs.count()) == (JobStatus.CANCELLED, epochs)


def test_stop_ends_a_run_whose_process_does_not_answer(live_stack):
    run = until_epoch(start("frozen, then stopped", parameters={"epochs": 1000}), 3)
    trainer = trainer_of(live_stack, run)
    trainer.suspend()
    # Frozen within a transaction it holds the row until the database ends its session, half a minute later.
    for _ in range(10):
        try:
            lifecycle.request_stop(run, None)
            break
        except OperationalError:
            continue
    run = until_ended(run)
    assert run.status == JobStatus.CANCELLED
    trainer.wait(30)


def test_a_stopped_run_can_be_repeated_and_ends_as_if_never_stopped(live_stack, undisturbed):
    expected = reference(undisturbed)
    run = until_epoch(start("stopped and repeated", parameters=LONG), 5)
    lifecycle.request_stop(run, None)
    run = until_ended(run)
    if run.status == JobStatus.CANCELLED:
        lifecycle.enqueue_again(run, None)
    assert_as_undisturbed(until_ended(run), expected)


def test_ten_runs_launched_at_once_all_complete(live_stack):
    runs = [start(f"one of ten, {number}", parameters={"epochs": 2}, seed=number) for number in range(10)]
    ended = [until_ended(run, 200) for run in runs]
    assert [run.status for run in ended] == [JobStatus.COMPLETED] * 10
    assert {run.attempt for run in ended} == {1}


def test_a_diverging_run_fails_with_the_reason_and_valid_json(live_stack):
    run = until_ended(start("diverging", parameters={"epochs": 5, "learning_rate": 1.0, "regularization": 10}))
    if run.status == JobStatus.FAILED:
        assert run.failure_kind == FailureKind.DIVERGED
        assert "learning" in run.failure_reason
    for row in run.epochs.all():
        assert all(value is None or abs(value) < float("inf") for value in row.values.values())


def test_no_process_is_left_when_the_stack_stops(make_live_stack):
    stack = make_live_stack("stopping", names=("worker-train", "worker-io", "beat"))
    with stack.as_default_database():
        run = until_epoch(start("left running", parameters={"epochs": 1000}), 2)
        family = stack.family("worker-train")
        assert trainers_of(stack)
        assert stack.stop_role("worker-train")
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        run = until(run, lambda row: row.status == JobStatus.QUEUED, 10)
        assert run.attempt == 0
    assert trainers_of(stack) == []  # another stack of this session may start a spare meanwhile

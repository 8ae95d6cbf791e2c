"""Runs that are spread over processes: refused where that cannot be, ended whole, tried again when one is lost."""

from __future__ import annotations

import os

import psutil
import pytest

from experiments.jobs import attempt, lifecycle
from experiments.models import Experiment, JobStatus
from experiments.services import launch
from experiments.services.command_line import command_line
from experiments.services.runs.recommenders import EpochObserver
from experiments.services.spec import LaunchSpec, Refused
from experiments.tests.factories import make_workspace
from experiments.tests.jobs.running import start, trainer_of, until, until_ended
from experiments.tests.peers import peers
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace

WORKERS = ("worker-train", "worker-io", "beat")
TWO_TOWER = {"architecture": "two_tower", "parameters": {"epochs": 3, "embedding_dim": 4, "hidden_units": 4}}


def launched(workspace, **asked):
    dataset = stored_dataset(workspace, "Small synthetic")
    spec = LaunchSpec.model_validate({"dataset": dataset.pk, "trackers": [], "processes": 2} | TWO_TOWER | asked)
    return launch.launch(workspace=workspace, actor=None, spec=spec, through="api")


def carried_out(run):
    lease = lifecycle.claim(Experiment.KIND, run.pk)
    attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: None)
    run.refresh_from_db()
    return run


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"architecture": "ease", "parameters": {}}, "EASE trains in one process"),
        ({"processes": 9}, r"given: 9; accepted: 1 to 4 \(MLOPSPRO_TRAIN_MAX_PROCESSES here\)"),
        ({"run_type": "backtest", "split": {"method": "rolling_origin"}}, "only a training can be spread"),
    ],
)
def test_what_cannot_be_spread_is_refused_before_the_launch(asked, words, settings):
    settings.TRAIN_MAX_PROCESSES = 4
    with pytest.raises(Refused, match=words) as refusal:
        launched(make_workspace(), **asked)
    assert [problem.field for problem in refusal.value.problems] == ["processes"]


@pytest.mark.django_db
def test_the_number_of_processes_decides_no_numbers_and_is_repeated():
    workspace = make_workspace()
    two, one = launched(workspace), launched(workspace, processes=1)
    assert two.config_hash == one.config_hash
    assert "--processes 2" in command_line(two)
    assert "--processes" not in command_line(one)


@pytest.mark.services
@pytest.mark.timeout(400)
def test_a_run_whose_process_dies_is_tried_again_and_goes_on_from_its_checkpoint(make_live_stack, monkeypatch):
    """On a database of its own: a transaction that is open while processes start is ended by the server."""
    reported = EpochObserver.on_epoch

    def then_kill(self, epoch, values, save):
        reported(self, epoch, values, save)
        assert {os.getpgid(peer.pid) for peer in peers()} == {os.getpgid(0)}, "one kill of the group takes all"
        for peer in peers():
            peer.kill()

    with make_live_stack("spread-here", names=()).as_default_database():
        run = launched(Workspace.objects.get(slug="default"))
        with monkeypatch.context() as patched:
            patched.setattr(EpochObserver, "on_epoch", then_kill)
            carried_out(run)
        assert (run.status, run.attempt) == (JobStatus.QUEUED, 1), run.failure_reason
        assert "training process 2 of 2 was ended by SIGKILL" in run.log_lines.filter(level="warning").last().message
        assert peers() == []

        Experiment.objects.filter(pk=run.pk).update(not_before=None)
        carried_out(run)
        assert (run.status, run.attempt) == (JobStatus.COMPLETED, 2), run.failure_reason
        assert list(run.epochs.order_by("epoch").values_list("epoch", flat=True)) == [1, 2, 3]
        assert run.log_lines.filter(message__contains="checkpoint of epoch 1").exists()
        assert run.environment["learning"]["processes"] == {"count": 2, "transport": "sockets"}
        assert peers() == []


@pytest.mark.services
@pytest.mark.timeout(300)
def test_a_stop_ends_all_processes_of_a_run(make_live_stack):
    stack = make_live_stack(
        "spread", names=WORKERS, environment={"MLOPSPRO_TRAIN_SLOTS": "1", "MLOPSPRO_JOB_WARM_SPARE": "0"}
    )
    with stack.as_default_database():
        run = start("endless", parameters={"epochs": 1000, "batch_size": 16}, processes=2)
        until(run, lambda row: row.is_terminal or row.progress_done >= 1, 200)  # two starts of TensorFlow
        assert run.status == JobStatus.RUNNING, run.failure_reason
        child = trainer_of(stack, run)
        others = peers(child)
        assert len(others) == 1
        lifecycle.request_stop(run, None)
        assert until_ended(run, 30).status == JobStatus.CANCELLED
        _, alive = psutil.wait_procs([child, *others], timeout=10)
        assert alive == []

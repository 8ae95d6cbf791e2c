"""No part of the job machinery ever touches a run that was logged elsewhere."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from experiments.jobs import lifecycle, queue
from experiments.models import Experiment, JobStatus, OutboxEntry, TrackerRun
from experiments.models.job import JobStateError
from experiments.selectors.active_runs import active_runs
from experiments.services import delivery, launch
from experiments.services.spec import LaunchSpec, Refused, TooMany
from experiments.tests.factories import make_dataset, make_experiment, make_person, make_workspace
from experiments.tests.tracking.logged_scenes import logged_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    return make_workspace()


@pytest.fixture
def waiting(workspace):
    return logged_run(workspace, status="SCHEDULED", ended_at=None)


@pytest.fixture
def running(workspace):
    return logged_run(workspace, status="RUNNING", ended_at=None)


def unchanged(run):
    before = Experiment.objects.filter(pk=run.pk).values().get()
    return lambda: Experiment.objects.filter(pk=run.pk).values().get() == before


def test_a_waiting_one_is_never_claimed(waiting):
    same = unchanged(waiting)
    assert lifecycle.claim("experiment") is None
    assert lifecycle.claim("experiment", waiting.pk) is None
    assert queue.sweep() == 0
    assert same()


def test_a_running_one_is_never_lost_nor_reaped(running):
    same = unchanged(running)
    assert not Experiment.objects.lost(timezone.now() + dt.timedelta(days=9)).exists()
    assert lifecycle.reap() == 0
    call_command("reap_jobs")
    assert not running.seems_lost()
    assert running.status_label == "Running"
    assert same()


def test_it_has_no_place_in_the_queue_and_takes_none(workspace, waiting):
    ours = make_experiment(workspace)
    assert waiting.queue_position() is None
    assert ours.queue_position() == 1
    claimed = lifecycle.claim("experiment")
    assert claimed is not None
    assert claimed.pk == ours.pk


def test_it_does_not_count_towards_the_limit_of_waiting_jobs(workspace, waiting, running, settings):
    settings.JOB_QUEUE_LIMIT = 1
    dataset = make_dataset(workspace)
    spec = LaunchSpec(dataset=dataset.pk, architecture="popularity")
    assert launch.launch(workspace=workspace, actor=None, spec=spec, through="api").status == JobStatus.QUEUED
    with pytest.raises(TooMany):
        launch.launch(workspace=workspace, actor=None, spec=spec, through="api")


def test_it_cannot_be_stopped_repeated_or_cloned_and_the_words_say_why(workspace, running):
    person, failed = make_person(), logged_run(workspace, status="FAILED")
    with pytest.raises(JobStateError, match="was logged to MLflow and not trained here"):
        launch.stop(running, person)
    with pytest.raises(JobStateError, match="Run it again there"):
        launch.retry(failed, person)
    spec = LaunchSpec(dataset=make_dataset(workspace).pk, architecture="popularity")
    with pytest.raises(Refused):
        launch.launch(workspace=workspace, actor=person, spec=spec, through="api", cloned_from=failed)
    assert set(Experiment.objects.values_list("status", flat=True)) == {"running", "failed"}


def test_it_is_mirrored_nowhere(running):
    delivery.deliver_waiting(0.1, using={})
    assert not TrackerRun.objects.exists()
    assert not OutboxEntry.objects.exists()


def test_what_runs_elsewhere_is_none_of_our_work(workspace, waiting, running):
    ours = make_experiment(workspace)
    assert active_runs(workspace) == [ours]

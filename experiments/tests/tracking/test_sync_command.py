"""``manage.py sync_trackers``."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from experiments.models import OutboxEntry, TrackerHealth
from experiments.services import trackers as registry
from experiments.tests.tracking.runs import finish, launched, train
from experiments.tracking.memory import MemoryTracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracker(monkeypatch):
    """The installation's only tracker is one in memory."""
    tracker = MemoryTracker("mlflow", "MLflow")
    for module in ("experiments.services.delivery", "experiments.management.commands.sync_trackers"):
        monkeypatch.setattr(f"{module}.trackers", lambda: {tracker.key: tracker})
    return tracker


def sync(*arguments):
    out = StringIO()
    call_command("sync_trackers", *arguments, stdout=out)
    return out.getvalue()


def test_it_delivers_what_waits_and_says_so(tracker):
    train(launched("mlflow"), 2)
    assert "4 delivered, 0 wait." in sync()
    assert "0 delivered, 0 wait." in sync()


def test_once_says_what_still_waits_and_why(tracker):
    launched("mlflow")
    tracker.go_down()
    answer = sync("--once")
    assert "0 delivered, 1 wait." in answer
    assert "MLflow: MLflow is down" in answer


def test_a_person_waits_for_no_pause(tracker):
    launched("mlflow")
    later = timezone.now() + dt.timedelta(hours=1)
    TrackerHealth.objects.create(tracker="mlflow", failures=9, open_until=later, last_error="away")
    assert "1 delivered, 0 wait." in sync("--once")


def test_one_run_can_be_told_again_from_its_rows(tracker):
    experiment, other = launched("mlflow"), launched("mlflow")
    train(experiment, 2)
    finish(experiment)
    sync()
    OutboxEntry.objects.all().delete()
    before = tracker.runs[str(experiment.pk)].points.copy()
    answer = sync("--experiment", str(experiment.pk), "--rebuild")
    assert ", 0 wait." in answer
    assert tracker.runs[str(experiment.pk)].points == before
    assert not OutboxEntry.objects.filter(tracker_run__experiment=other).exists()


def test_what_cannot_be_done_is_said():
    with pytest.raises(CommandError, match="--experiment"):
        sync("--rebuild")
    with pytest.raises(CommandError, match="There is no run"):
        sync("--experiment", str(uuid.uuid4()))


def test_the_installation_has_both_trackers():
    assert list(registry.trackers()) == ["mlflow", "wandb"]


def test_whoever_may_ask_for_a_delivery_need_not_load_a_tracker():
    """Web processes import the outbox and the button's service; MLflow and W&B load in workers only."""
    code = """
import sys, django; django.setup()
import experiments.services.delivery, experiments.services.outbox, experiments.management.commands.sync_trackers
from experiments.services.trackers import trackers
for tracker in trackers().values():
    tracker.describe()
print(sorted({"mlflow", "wandb", "tensorflow", "keras"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr

"""Closed hours are in MLflow once in effect, corrected ones with their last word, whatever was away in between."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import TrackerHealth
from experiments.tracking.mlflow_tracker import EXPERIMENT_TAG, MlflowTracker
from mlopspro import embedded
from mlopspro.testing.people import make_workspace
from monitoring.models import Window
from monitoring.services import window_mirror, windows
from monitoring.tests.windows_scene import NOON, make_source, put, react, row

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def tracker_at(uri, tmp_path):
    return MlflowTracker(uri, public_url="", data_root=tmp_path, timeout_seconds=30)


def course(tracker, source, group, metric):
    """[(step, value)] as MLflow has it, in order of time."""
    workspace = source.workspace.slug
    experiment = tracker.client.get_experiment_by_name(f"{group}-{workspace}")
    runs = tracker.client.search_runs([experiment.experiment_id], f"tags.`{EXPERIMENT_TAG}` = 'source-{source.pk}'")
    assert [run.info.run_name for run in runs] == ["Films-1.0.0-champion"]
    points = tracker.client.get_metric_history(runs[0].info.run_id, metric)
    return [(one.step, one.value) for one in sorted(points, key=lambda one: one.timestamp)]


def test_hours_reach_mlflow_once_and_corrections_follow(mlflow_server, tmp_path):
    source = make_source(make_workspace())
    rows = put(source, [row(NOON + dt.timedelta(minutes=30 * at)) for at in range(4)])
    react(source, rows[0], "click", "a")
    windows.refresh()
    step = int(NOON.timestamp()) // 3600

    away = tracker_at("http://127.0.0.1:9", tmp_path)
    assert window_mirror.mirror_waiting(5, away) == 0
    assert window_mirror.waiting() == 2
    TrackerHealth.objects.all().delete()

    tracker = tracker_at(embedded.mlflow_uri(), tmp_path)
    assert window_mirror.mirror_waiting(30, tracker) == 2
    assert window_mirror.mirror_waiting(30, tracker) == 0
    assert course(tracker, source, "prediction", "predictions") == [(step, 2.0), (step + 1, 2.0)]
    assert course(tracker, source, "monitoring", "recall_at_10") == [(step, 1.0)]

    # A crash before the mark sends them again: the same points.
    Window.objects.update(mirrored_revision=0)
    assert window_mirror.mirror_waiting(30, tracker) == 2
    assert course(tracker, source, "prediction", "predictions") == [(step, 2.0), (step + 1, 2.0)]

    put(source, [row(NOON + dt.timedelta(minutes=5))])
    windows.refresh()
    assert window_mirror.mirror_waiting(30, tracker) == 0  # not before it was quiet for a while
    Window.objects.update(computed_at=timezone.now() - dt.timedelta(hours=1))
    assert window_mirror.mirror_waiting(30, tracker) == 1
    assert course(tracker, source, "prediction", "predictions") == [(step, 2.0), (step, 3.0), (step + 1, 2.0)]


def test_hours_that_are_still_open_are_not_told(tmp_path):
    source = make_source(make_workspace())
    put(source, [row(timezone.now())])
    windows.refresh()
    assert window_mirror.waiting() == 0

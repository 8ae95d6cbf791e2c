"""What the page of metrics says, against plain Python; older runs than the window are left out and that is said."""

from __future__ import annotations

import pytest
from django.utils import timezone

from experiments.models import EpochMetrics
from experiments.selectors import dashboard
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.many import add_run
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
TIME_SPLIT = {"method": "time", "test_share": 0.1, "validation_share": 0.1, "seed": 1}


@pytest.fixture
def workspace():
    return make_workspace()


def run_of(workspace, dataset, f1=None, rmse=None, **fields):
    figures = {("rated", "f1_at_10"): f1, ("pointwise", "rmse"): rmse}
    return add_run(workspace, dataset, figures={key: value for key, value in figures.items() if value}, **fields)


def test_the_best_run_is_of_its_own_dataset_split_and_protocol(workspace):
    first, second = make_dataset(workspace, name="first"), make_dataset(workspace, name="second")
    run_of(workspace, first, 0.5, 0.9, name="exact")
    run_of(workspace, first, 0.6, 1.1, name="lists")
    run_of(workspace, first, 0.9, name="other split", split=TIME_SPLIT)
    run_of(workspace, second, 0.7, name="other data")
    run_of(workspace, first, 0.99, name="failed", status="failed", failure_reason="x")
    run_of(workspace, first, 0.99, name="deleted", deleted_at=timezone.now())
    rows, more = dashboard.best_runs(dashboard.recent(workspace))
    found = {(row.dataset, row.split): [one.name if one else None for one in row.best] for row in rows}
    assert found == {
        ("first", "random, 20\u202f% test"): ["lists", None, "exact"],
        ("first", "time, 10\u202f% test"): ["other split", None, None],
        ("second", "random, 20\u202f% test"): ["other data", None, None],
    }
    assert not more


def test_totals_are_of_all_runs_however_many_the_page_looks_at(workspace, monkeypatch):
    for number in range(5):
        make_experiment(workspace, model_type=f"type {number % 2}")
    make_experiment(make_workspace("elsewhere"))
    make_experiment(workspace, deleted_at=timezone.now())
    whole = dashboard.totals(workspace, dashboard.recent(workspace))
    assert (whole.count, whole.by_type) == (5, [("type 0", 3), ("type 1", 2)])
    monkeypatch.setattr(dashboard, "WINDOW", 3)
    found = dashboard.recent(workspace)
    assert not found.complete
    assert dashboard.totals(workspace, found) == whole


def test_a_dataset_over_time_is_in_the_order_of_its_runs(workspace):
    dataset = make_dataset(workspace)
    for name in ("one", "two", "three"):
        run_of(workspace, dataset, 0.5, name=name)
    run_of(workspace, make_dataset(workspace), 0.5, name="other")
    assert [run.name for run in dashboard.over_time(dashboard.recent(workspace), dataset.pk)] == ["one", "two", "three"]


def test_long_curves_are_thinned_evenly_and_short_ones_are_whole(workspace):
    lengths = {"short": 7, "long": 1000}
    for name, length in lengths.items():
        run = make_experiment(workspace, name=name)
        EpochMetrics.objects.bulk_create(
            EpochMetrics(experiment=run, epoch=epoch, values={}, recorded_at=timezone.now())
            for epoch in range(1, length + 1)
        )
    make_experiment(workspace, name="none")
    found = {run.name: [row.epoch for row in epochs] for run, epochs in dashboard.loss_curves(workspace)}
    assert found == {"short": list(range(1, 8)), "long": list(range(1, 1000, 5))}


def test_the_latest_models_are_one_of_each_type(workspace):
    for name, kind in (("old", "hybrid"), ("new", "hybrid"), ("als", "embedding")):
        run_of(workspace, None, name=name, model_type=kind)
    make_experiment(workspace, name="running", model_type="hybrid")
    assert [run.name for run in dashboard.latest_models(workspace)] == ["als", "new"]

"""Pages cost the same number of queries however much they show."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.models import Dataset, Experiment
from experiments.services import marks
from experiments.tests.pages import compared, scenes

SESSION = 3
"""Session, person, memberships."""
BUDGETS = {"datasets": 3, "experiments": 12, "training": 5}


def cost(client, address, **query) -> int:
    """Queries of one answer to a browser that has been here before."""
    client.get(address, query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, query).status_code == 200
    return len(queries)


def fill(workspace, scientist, count):
    for number in range(count):
        scenes.finished_run(workspace, scientist, name=f"run {number}")
        scenes.running_run(workspace, created_by=scientist)


@pytest.mark.parametrize("name", BUDGETS)
def test_lists_cost_the_same_with_few_and_with_many_rows(client, workspace, scientist, name):
    fill(workspace, scientist, 1)
    few = cost(client, reverse(f"experiments:{name}"))
    fill(workspace, scientist, 6)
    many = cost(client, reverse(f"experiments:{name}"))
    assert many == few <= SESSION + BUDGETS[name]


TABS = {
    "overview": 4,
    "metrics": 4,
    "curves": 1,
    "diagnostics": 1,
    "explain": 1,
    "artifacts": 1,
    "log": 1,
    "trackers": 2,
}


@pytest.mark.parametrize("tab", TABS)
def test_a_run_costs_the_same_however_much_it_left_behind(client, run, tab):
    address = reverse("experiments:experiment", args=[run.pk])
    few = cost(client, address, tab=tab)
    for number in range(20):
        scenes.add_file(run, f"file-{number}.json", b"{}")
    scenes.EpochMetrics.objects.filter(experiment=run).delete()
    scenes.add_epochs(run, 40)
    assert cost(client, address, tab=tab) == few <= SESSION + 2 + TABS[tab]


def test_a_dataset_costs_the_same_however_many_runs_were_made_from_it(client, run):
    address = reverse("experiments:dataset", args=[run.dataset_id])
    few = cost(client, address)
    for _ in range(15):
        scenes.make_experiment(run.workspace, dataset=run.dataset)
    assert cost(client, address) == few <= SESSION + 3


def test_the_history_costs_the_same_with_marks_columns_and_filters(client, workspace, scientist):
    fill(workspace, scientist, 2)
    query = {
        "sort": "-metrics.rated.f1_at_10",
        "columns": "name,tags,dataset,created_by,metrics.rated.f1_at_10,metrics.pointwise.rmse,params.epochs",
        "by": str(scientist.pk),
        "dataset": str(Dataset.objects.first().pk),
        "q": "metrics.rated.f1_at_10 > 0 or name ~ run",
    }
    address = reverse("experiments:experiments")
    few = cost(client, address, **query)
    fill(workspace, scientist, 4)
    Experiment.objects.update(dataset=query["dataset"])
    runs = list(Experiment.objects.all())
    marks.pin(workspace, scientist, runs[:10])
    marks.set_baseline(scientist, runs[-1])
    marked = cost(client, address, **query)
    assert marked <= few + 1, "the marked runs are one more query"
    assert marked <= SESSION + BUDGETS["experiments"] + 12


@pytest.mark.parametrize(("name", "most"), [("history_filters", 4), ("history_columns", 3), ("history_views", 1)])
def test_panels_cost_the_same_however_many_runs_there_are(client, workspace, scientist, name, most):
    fill(workspace, scientist, 1)
    few = cost(client, reverse(f"experiments:{name}"))
    fill(workspace, scientist, 5)
    assert cost(client, reverse(f"experiments:{name}")) == few <= SESSION + most


def test_a_comparison_costs_the_same_with_two_short_and_with_nine_long_runs(client, workspace):
    data = scenes.make_dataset(workspace)
    runs = [compared.measured_run(workspace, f"run {n}", dataset=data, settings_hash="a" * 64) for n in range(9)]
    for run in runs[:2]:
        compared.add_epochs(run, 5, train_loss=1.0)
    few = cost(client, compared.address(*runs[:2]))
    for run in runs:
        scenes.EpochMetrics.objects.filter(experiment=run).delete()
        compared.add_epochs(run, 600, train_loss=1.0, val_loss=2.0)
    assert cost(client, compared.address(*runs)) == few <= SESSION + 9

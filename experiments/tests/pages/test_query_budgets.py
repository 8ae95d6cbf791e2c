"""Pages cost the same number of queries however much they show."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.tests.pages import scenes

SESSION = 3
"""Session, person, memberships."""
BUDGETS = {"home": 7, "datasets": 3, "experiments": 2, "training": 5}


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


TABS = {"overview": 4, "metrics": 4, "curves": 1, "diagnostics": 1, "artifacts": 1, "log": 1, "trackers": 2}


@pytest.mark.parametrize("tab", TABS)
def test_a_run_costs_the_same_however_much_it_left_behind(client, run, tab):
    address = reverse("experiments:experiment", args=[run.pk])
    few = cost(client, address, tab=tab)
    for number in range(20):
        scenes.add_file(run, f"file-{number}.json", b"{}")
    scenes.EpochMetrics.objects.filter(experiment=run).delete()
    scenes.add_epochs(run, 40)
    assert cost(client, address, tab=tab) == few <= SESSION + 1 + TABS[tab]


def test_a_dataset_costs_the_same_however_many_runs_were_made_from_it(client, run):
    address = reverse("experiments:dataset", args=[run.dataset_id])
    few = cost(client, address)
    for _ in range(15):
        scenes.make_experiment(run.workspace, dataset=run.dataset)
    assert cost(client, address) == few <= SESSION + 3


def test_fifty_runs_a_page_in_a_stable_order(client, workspace, scientist):
    dataset = scenes.make_dataset(workspace)
    for number in range(60):
        scenes.make_experiment(workspace, dataset=dataset, name=f"run {number}")
    first = client.get(reverse("experiments:experiments")).context["page"]
    second = client.get(reverse("experiments:experiments"), {"page": 2}).context["page"]
    shown = [row.pk for row in first] + [row.pk for row in second]
    assert (len(first), len(second), len(set(shown))) == (50, 10, 60)
    assert client.get(reverse("experiments:experiments"), {"page": "nonsense"}).status_code == 200

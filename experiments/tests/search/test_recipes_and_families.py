"""Runs are found by their recipe, its version, their family and their kind; the history shows them."""

from __future__ import annotations

import pytest

from experiments.selectors import history
from experiments.selectors.columns import found as columns_found
from experiments.selectors.history_query import HistoryQuery
from experiments.tests.factories import make_experiment, make_workspace
from experiments.tests.recipes_made import latest, make_recipe


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def runs(workspace):
    lists, other = make_recipe(workspace, name="Lists"), make_recipe(workspace, name="Other lists")
    return {
        "plain": make_experiment(workspace, name="plain"),
        "lists": make_experiment(workspace, name="lists", recipe_version=latest(lists)),
        "other": make_experiment(workspace, name="other", recipe_version=latest(other), run_type="backtest"),
        "table": make_experiment(workspace, name="table", family="pricing", run_type="eval"),
    }


def names(workspace, text="", **filters):
    page = history.page(workspace, HistoryQuery(text=text, **filters))
    assert page.error is None, page.error
    return {run.name for run in page.runs}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('recipe = "Lists"', {"lists"}),
        ('recipe = "Lists 0.1.0"', {"lists"}),
        ('recipe = "Lists 0.2.0"', set()),
        ("recipe ~ lists", {"lists", "other"}),
        ('recipe != "Lists"', {"other"}),
        ("family = pricing", {"table"}),
        ("family in (pricing, forecasting) or run_type = backtest", {"table", "other"}),
        ("not family = recommendation", {"table"}),
    ],
)
def test_the_query_bar_finds_them(workspace, runs, text, wanted):
    assert names(workspace, text) == wanted


def test_filters_of_the_address_find_them(workspace, runs):
    assert names(workspace, recipe=("Lists",)) == {"lists"}
    assert names(workspace, recipe=(str(runs["lists"].recipe_version_id),)) == {"lists"}
    assert names(workspace, family=("pricing",)) == {"table"}


def test_the_columns_show_them_for_one_query_more(workspace, runs, django_assert_num_queries):
    columns = columns_found(workspace, ["family", "run_type", "recipe"])
    page = history.page(workspace, HistoryQuery())
    with django_assert_num_queries(1):
        shown = history.cells(page.runs, columns)
    assert shown[runs["other"].pk] == {
        "family": "recommendation",
        "run_type": "backtest",
        "recipe": "Other lists 0.1.0",
    }
    assert shown[runs["plain"].pk]["recipe"] is None
    assert page.runs[0].manifest == {}

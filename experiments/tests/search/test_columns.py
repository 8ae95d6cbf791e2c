"""Columns that a workspace's runs can fill, and cells of them."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from experiments.models import CustomMetric
from experiments.selectors import columns, history
from experiments.selectors.columns import UnknownColumn
from experiments.selectors.history import HistoryQuery
from experiments.tests.factories import make_workspace
from experiments.tests.search.scene import Told


def test_available_are_exactly_what_runs_have(workspace, runs: list[Told]):
    found = columns.available(workspace)
    metrics = {f"metrics.{protocol}.{name}" for run in runs for protocol, name in run.metrics}
    parameters = {f"params.{name}" for run in runs for name in run.parameters}
    assert {one.key for one in found if one.kind == "metric"} == metrics
    assert {one.key for one in found if one.kind == "parameter"} == parameters
    assert [one.protocol for one in found if one.kind == "metric"] == ["rated", "catalogue", "pointwise", "logged"]
    assert {one.name for one in found if one.kind == "parameter" and one.numeric} == {"epochs", "learning_rate"}


def test_available_costs_three_queries_and_nothing_of_other_workspaces(workspace, runs, django_assert_num_queries):
    other = make_workspace("other")
    with django_assert_num_queries(3):
        assert {one.kind for one in columns.available(other)} == {"attribute"}


def test_a_metric_that_people_define_is_there_before_any_run_has_it(workspace, runs):
    CustomMetric.objects.create(
        workspace=workspace, name="cost", label="Cost of errors", expression="1", higher_is_better=False
    )
    column = columns.find(workspace, "metrics.custom.cost")
    assert (column.label, column.higher_is_better) == ("Cost of errors", False)


@pytest.mark.parametrize("key", columns.DEFAULT)
def test_default_columns_are_there_without_any_run(db, key):
    assert columns.find(make_workspace("empty"), key).key == key


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("stats", "status"),
        ("metrics.rated.f1_at10", "metrics.rated.f1_at_10"),
        ("params.epoch", "params.epochs"),
        ("", ""),
        ("metrics.", ""),
        ("metrics..", ""),
        ("qqqqqqqqq\0", ""),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest(workspace, runs, key, suggestion):
    with pytest.raises(UnknownColumn) as caught:
        columns.find(workspace, key)
    assert suggestion in caught.value.suggestion


def test_a_metric_without_protocol_is_found_by_its_headline(workspace, runs):
    assert columns.find(workspace, "metrics.f1_score").key == "metrics.rated.f1_at_10"
    assert columns.find(workspace, "metrics.rmse").higher_is_better is False


def test_cells_have_what_runs_have_in_two_queries(workspace, runs: list[Told], django_assert_num_queries):
    shown = history.page(workspace, HistoryQuery()).runs
    wanted = columns.available(workspace)
    with django_assert_num_queries(2):
        table = history.cells(shown, wanted)
    for run in runs:
        cells = table[run.pk]
        for column in wanted:
            if column.kind == "metric":
                value = cells[column.key]
                expected = run.metrics.get((column.protocol, column.name))
                assert value == expected or (expected is None and (value is None or value != value))
            elif column.kind == "parameter":
                assert cells[column.key] == run.parameters.get(column.name)
        assert cells["name"] == run.attributes["name"]
        assert cells["duration"] == run.attributes["duration"]


def test_an_address_says_all_of_a_query_and_reads_back_the_same():
    address = (
        "q=a+%26+b&status=failed&status=queued&by=ada&tag=x&sort=-metrics.logged.val+loss"
        "&columns=name,params.a%252Cb&deleted=1"
    )
    query = HistoryQuery.of(QueryDict(address))
    assert query.columns == ("name", "params.a,b")
    assert (query.sort, query.descending, query.created_by) == ("metrics.logged.val loss", True, ("ada",))
    assert HistoryQuery.of(QueryDict(query.querystring())) == query
    assert "after" not in HistoryQuery(after="x").querystring(status=("failed",))
    assert HistoryQuery.of(QueryDict("q=%00&status=%00&sort=%00&after=%00")) == HistoryQuery(text="\0")


def test_filters_of_the_address_mean_any_of_their_values(workspace, runs: list[Told]):
    def found(address: str) -> set:
        return {run.pk for run in history.page(workspace, HistoryQuery.of(QueryDict(address))).runs}

    def told(holds) -> set:
        return {run.pk for run in runs if holds(run)}

    assert found("status=failed&status=queued") == told(lambda run: run.attributes["status"] in ("failed", "queued"))
    assert found("tag=nightly&origin=here") == told(
        lambda run: "nightly" in run.tags and run.attributes["origin"] == "here"
    )
    assert found("by=ada@example.org&architecture=hybrid") == told(
        lambda run: "Ada" in run.people and run.attributes["architecture"] == "hybrid"
    )
    dataset = runs[0].row.dataset
    assert found(f"dataset={dataset.pk}") == found(f"dataset={dataset.name}") != set()
    assert found("status=nonsense") == set()

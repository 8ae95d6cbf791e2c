"""Pages of runs on tables, evaluations, backtests and recipe runs: their words, charts, checks and links."""

from __future__ import annotations

import pytest

from experiments.services import recipe_launch, recipes
from experiments.tests.pages.compared import address
from experiments.tests.pages.table import text_of
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run

CHARTS = {
    "forecasting": ("seasonal_naive", {"forecast-1", "by-step"}),
    "pricing": ("mean_demand", set()),
    "next_best_action": ("action_logistic", {"calibration", "uplift", "actions"}),
    "location_scoring": ("place_ridge", {"predicted", "residuals", "importance"}),
}


def page(client, run, tab="overview"):
    answer = client.get(f"/experiments/{run.pk}/", {"tab": tab})
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("family", CHARTS)
def test_every_tab_of_a_table_run(client, workspace, family):
    architecture, charts = CHARTS[family]
    run = trained_run(stored_table(workspace, family), "on a table", architecture)
    overview = page(client, run)
    assert [tile.metric.protocol for tile in overview.context["tiles"]]
    assert "rows" in overview.content.decode()
    metrics = page(client, run, "metrics").content.decode()
    assert "Naive" in metrics
    assert "Popularity" not in metrics
    assert " users counted" not in metrics
    drawn = {chart.key for chart in page(client, run, "diagnostics").context["charts"]}
    assert charts <= drawn
    for tab in ("curves", "artifacts", "log", "trackers"):
        page(client, run, tab)


def test_two_table_runs_are_compared_by_their_own_words(client, workspace):
    dataset = stored_table(workspace, "location_scoring")
    runs = [trained_run(dataset, key, key) for key in ("place_ridge", "mean_place")]
    answer = client.get(address(*runs, verdict="now", metric="spatial.rmse"))
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "Rank correlation" in shown
    assert "Spatial" in shown
    assert "is better than" in text_of(shown)


def test_an_evaluation_says_what_it_is_and_links_both_ways(client, workspace):
    source = trained_run(stored_dataset(workspace, "Small synthetic"), "the source", "popularity")
    run = trained_run(source.dataset, "judged", "", run_type="eval", evaluates=source.pk)
    shown = page(client, run).content.decode()
    assert "cannot be registered" in shown
    assert f"/experiments/{source.pk}/" in shown
    assert "learnt from none of the test rows" in shown
    assert f"/experiments/{run.pk}/" in page(client, source).content.decode()


def test_a_backtest_shows_its_folds_and_how_they_differ(client, workspace):
    run = trained_run(
        stored_dataset(workspace, "Small synthetic"), "back", "popularity", run_type="backtest",
        split={"method": "rolling_origin", "folds": 2},
    )  # fmt: skip
    assert "keeps no model" in page(client, run).content.decode()
    shown = page(client, run, "metrics").content.decode()
    assert "Fold 2" in shown
    assert "Standard deviation" in shown


def test_thresholds_checks_and_an_archived_recipe_are_said(client, workspace):
    manifest = manifest_of("recommendation")
    manifest["requirements"] = {"min_history": {"rows": 10, "users": 10}}
    manifest["pipeline"]["evaluation"] = {"metrics": {"catalogue.ndcg_at_10": {"minimum": 0.99}}}
    version = latest(make_recipe(workspace, name="Lists", manifest=manifest))
    dataset = stored_dataset(workspace, "Small synthetic")
    run = carried_out(recipe_launch.launch_version(version, dataset=dataset, actor=None, trackers=[]))
    answer = page(client, run)
    shown = answer.content.decode()
    assert "Thresholds of the recipe" in shown
    assert "at least 0.99" in shown
    assert "Data checks" in shown
    assert (answer.context["origin"].failed_thresholds, answer.context["origin"].failed_checks) == (1, 0)
    assert "Its recipe is archived" not in shown
    recipes.archive(version.recipe, actor=None, reason="replaced by another one")
    assert "Its recipe is archived" in page(client, run).content.decode()


def test_a_recipe_run_costs_few_queries(client, workspace, django_assert_max_num_queries):
    version = latest(make_recipe(workspace, manifest=manifest_of("recommendation")))
    run = recipe_launch.launch_version(
        version, dataset=stored_dataset(workspace, "Small synthetic"), actor=None, trackers=[]
    )
    page(client, run)
    with django_assert_max_num_queries(14):
        page(client, run)

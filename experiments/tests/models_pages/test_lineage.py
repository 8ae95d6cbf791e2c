"""Lineage both ways from any node, its bounds, and which columns are learnt from."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from experiments.lineage_drawing import draw
from experiments.models import RecipeVersion
from experiments.selectors.lineage import lineage_of
from experiments.selectors.lineage_features import features_of, used_columns
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.pages import scenes
from experiments.tests.recipes_made import make_recipe
from experiments.tests.versions import make_live, make_version_row


@pytest.fixture
def chain(workspace, engineer):
    """Data, recipe, run, version and deployment, one of each."""
    recipe = make_recipe(workspace)
    recipe_version = RecipeVersion.objects.filter(recipe=recipe).first()
    data = make_dataset(workspace, name="Ratings", user_features=["age"], item_features=["genre"])
    run = scenes.finished_run(
        workspace, engineer, name="the run", dataset=data, recipe_version=recipe_version, config_hash="c" * 64
    )
    version = make_version_row(workspace, run=run)
    make_live(version, engineer)
    return {"dataset": data, "recipe": recipe, "run": run, "version": version}


EDGES = [("dataset", "configuration"), ("recipe", "configuration"), ("configuration", "run"), ("run", "version"),
         ("version", "deployment")]  # fmt: skip


@pytest.mark.parametrize("kind", ["dataset", "recipe", "run", "version"])
def test_the_same_picture_from_every_side(client, workspace, chain, kind):
    found = lineage_of(workspace, chain[kind])
    assert [column.kind for column in found.columns] == [
        "dataset", "recipe", "configuration", "run", "version", "deployment",
    ]  # fmt: skip
    kinds = {node.key: node.kind for node in found.nodes.values()}
    assert {(kinds[a], kinds[b]) for a, b in found.edges} >= set(EDGES)
    assert [node.kind for node in found.nodes.values() if node.relation == "focus"] == [kind]
    page = client.get("/lineage/", {kind: chain[kind].pk}).content.decode()
    assert "Films 1.0.0" in page
    assert "Live now: Films 1.0.0." in page


def test_upstream_and_downstream_of_a_run(workspace, chain):
    relations = {node.kind: node.relation for node in lineage_of(workspace, chain["run"]).nodes.values()}
    assert relations == {
        "dataset": "upstream", "recipe": "upstream", "configuration": "upstream", "run": "focus",
        "version": "downstream", "deployment": "downstream",
    }  # fmt: skip


def test_impact_counts_everything_and_draws_a_bounded_number(client, workspace, chain):
    for number in range(30):
        make_experiment(workspace, dataset=chain["dataset"], name=f"run {number}", config_hash=f"{number:064d}")
    found = lineage_of(workspace, chain["dataset"])
    runs = next(column for column in found.columns if column.kind == "run")
    assert (len(runs.nodes), runs.total, runs.more_words) == (10, 31, "and 21 more")
    assert "the run" in [node.title for node in runs.nodes], "what made a version is shown before newer runs"
    assert found.impact == "31 runs, 1 model version and 1 deployment depend on it. Live now: Films 1.0.0."
    assert "and 21 more" in client.get("/lineage/", {"dataset": chain["dataset"].pk}).content.decode()


def test_nothing_depends_on_new_data(client, workspace):
    data = make_dataset(workspace)
    assert lineage_of(workspace, data).impact == "Nothing depends on it."
    assert "Nothing was made from it yet" in client.get("/lineage/", {"dataset": data.pk}).content.decode()


def test_deleted_things_are_said_and_not_linked(workspace, chain, engineer):
    chain["run"].deleted_at = engineer.created_at
    chain["run"].save()
    nodes = lineage_of(workspace, chain["version"]).nodes
    assert (nodes[f"run-{chain['run'].pk}"].state, nodes[f"run-{chain['run'].pk}"].href) == ("Deleted", "")


def test_an_evaluation_stands_behind_the_run_it_judges(workspace, chain):
    judged = make_experiment(workspace, name="judged", run_type="eval", evaluates=chain["run"], config_hash="d" * 64)
    for start in (chain["run"], judged, chain["version"]):
        assert (f"run-{chain['run'].pk}", f"run-{judged.pk}") in lineage_of(workspace, start).edges


def test_children_of_a_recipe_belong_to_what_depends_on_it(workspace, chain):
    parent = chain["run"].recipe_version
    child = make_recipe(workspace, name="child", level="industry", parent=chain["recipe"])
    version = RecipeVersion.objects.filter(recipe=child).first()
    run = make_experiment(workspace, recipe_version=version, config_hash="e" * 64)
    found = lineage_of(workspace, chain["recipe"])
    assert f"run-{run.pk}" in found.nodes
    assert (f"recipe-{parent.pk}", f"recipe-{version.pk}") in found.edges


def test_the_lines_begin_and_end_at_the_nodes(workspace, chain):
    drawing = draw(lineage_of(workspace, chain["run"]))
    assert drawing.width == 6 * 164 + 5 * 28
    assert all(line.strong for line in drawing.lines)
    assert drawing.lines[0].path.startswith("M164 70 ")


def test_columns_and_who_learns_from_them(workspace, chain):
    run = chain["run"]
    assert used_columns(run) == {"user", "item", "rating", "age", "genre"}
    run.preparation = {"features": {"leave_out": ["age"]}}
    run.save()
    found = lineage_of(workspace, chain["dataset"])
    by_name = {one.name: one for one in features_of(found.runs, found.versions).inputs}
    assert (by_name["genre"].is_live, len(by_name["genre"].runs)) == (True, 1)
    assert (by_name["age"].is_live, len(by_name["age"].unused)) == (False, 1)


def test_columns_of_a_table_by_role(workspace):
    roles = {"time": "day", "target": "sold", "series": ["shop"], "numeric": ["price", "rain"], "control": "none"}
    data = make_dataset(workspace, family="forecasting", feedback="", roles=roles)
    run = make_experiment(workspace, dataset=data, preparation={"features": {"use": ["price"]}})
    assert used_columns(run) == {"day", "sold", "shop", "price"}


@pytest.mark.parametrize("query", [{"run": "17"}, {"dataset": "'; drop"}, {"version": "ü" * 300}])
def test_what_is_no_id_is_said(client, query):
    answer = client.get("/lineage/", query)
    assert answer.status_code == 400
    assert "which is no id" in answer.content.decode()


def test_what_does_not_exist_is_not_found_and_nothing_asked_is_a_choice(client, chain):
    assert client.get("/lineage/", {"run": uuid.uuid4()}).status_code == 404
    page = client.get("/lineage/").content.decode()
    assert f"?version={chain['version'].pk}" in page
    assert f"?dataset={chain['dataset'].pk}" in page


def test_pages_of_data_runs_and_models_lead_there(client, chain):
    for name, kind in (("dataset", "dataset"), ("experiment", "run")):
        page = client.get(reverse(f"experiments:{name}", args=[chain[kind].pk])).content.decode()
        assert f"/lineage/?{kind}={chain[kind].pk}" in page
    tab = client.get(reverse("experiments:model", args=[chain["version"].model_id]), {"tab": "lineage"})
    assert "the run" in tab.content.decode()

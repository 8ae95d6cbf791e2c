"""The training page with a recipe, of tables, evaluations and backtests: what is offered, locked and launched."""

from __future__ import annotations

import uuid

import pytest

from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Experiment
from experiments.services import recipes, registry
from experiments.tests.pages import scenes
from experiments.tests.recipes_made import latest, make_levels, make_recipe, manifest_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

PAGE = "/training/"
_DEFAULTS = ARCHITECTURES["popularity"].parameters().model_dump()
POPULARITY = {f"parameters-{name}": str(value) for name, value in _DEFAULTS.items() if value is not False}


@pytest.fixture
def version(workspace):
    return latest(make_recipe(workspace, name="Lists", manifest=manifest_of("recommendation", "item_knn")))


def typed(**values):
    return {"seed": "42", "trackers": [], "idempotency_key": uuid.uuid4().hex, **values}


def test_a_recipe_in_the_address_is_chosen_with_data_of_its_family_and_locks_what_it_says(client, workspace):
    table = stored_table(workspace, "location_scoring")
    scenes.make_dataset(workspace, name="newest, of another family")
    _, _, client_recipe = make_levels(workspace, family="location_scoring")
    answer = client.get(PAGE, {"recipe": latest(client_recipe).pk})
    choice = answer.context["choice"]
    assert (choice.dataset, choice.recipe) == (table, latest(client_recipe))
    shown = answer.content.decode()
    assert 'name="architecture"' not in shown
    said = {row.label: row for row in choice.locked}
    assert said["training.architecture"].value == "mean_place"
    assert said["training.architecture"].origin.startswith("baseline")
    assert 'name="seed"' in shown


def test_the_recipe_is_launched_as_it_is(client, workspace, version):
    dataset = scenes.make_dataset(workspace)
    answer = client.post(PAGE, typed(dataset=str(dataset.pk), recipe=str(version.pk), run_type="train", seed="7"))
    assert answer.status_code == 302, answer.context["form"].errors
    run = Experiment.objects.get()
    assert (run.recipe_version, run.architecture, run.seed) == (version, "item_knn", 7)


def test_only_recipes_of_the_datas_family_are_offered(client, workspace, version):
    other = latest(make_recipe(workspace, family="pricing"))
    draft = latest(make_recipe(workspace, approved=False))
    dataset = scenes.make_dataset(workspace)
    offered = dict(client.get(PAGE, {"dataset": dataset.pk}).context["form"].fields["recipe"].choices)
    assert str(version.pk) in offered
    assert not {str(other.pk), str(draft.pk)} & set(offered)


def test_an_archived_recipe_is_said_and_not_launched(client, workspace, version):
    dataset = scenes.make_dataset(workspace)
    recipes.archive(version.recipe, actor=None, reason="replaced by another")
    assert "archived" in client.get(PAGE, {"recipe": version.pk}).content.decode()
    answer = client.post(PAGE, typed(dataset=str(dataset.pk), recipe=str(version.pk)))
    assert answer.status_code == 422
    assert "recipe" in answer.context["form"].errors
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("family", "fields"),
    [
        ("forecasting", {"folds", "horizon", "validation_share"}),
        ("location_scoring", {"test_share", "validation_share", "block_km", "split_seed"}),
    ],
)
def test_a_table_offers_its_own_architectures_and_split(client, workspace, family, fields):
    table = stored_table(workspace, family)
    answer = client.get(PAGE, {"dataset": table.pk})
    assert {one.family for one in answer.context["architectures"]} == {family}
    assert {bound.name for bound in answer.context["split_fields"]} == fields


def test_a_table_is_trained_from_the_page_and_bad_folds_are_refused_by_name(client, workspace):
    table = stored_table(workspace, "forecasting")
    values = typed(dataset=str(table.pk), architecture="seasonal_naive", split_method="rolling_origin", folds="2")
    values |= {"parameters-season": "7", "horizon": "7"}
    assert client.post(PAGE, values).status_code == 302
    run = Experiment.objects.get()
    assert (run.family, run.split["folds"], run.split["horizon"]) == ("forecasting", 2, 7)
    refused = client.post(PAGE, values | {"folds": "99", "idempotency_key": uuid.uuid4().hex})
    assert refused.status_code == 422
    assert "folds" in refused.context["form"].errors


def test_an_evaluation_starts_from_its_run(client, workspace):
    dataset = stored_dataset(workspace, "Small synthetic")
    values = typed(dataset=str(dataset.pk), architecture="popularity", split_method="random", **POPULARITY)
    client.post(PAGE, values)
    source = carried_out(Experiment.objects.get())
    answer = client.get(PAGE, {"run_type": "eval", "evaluates": source.pk})
    assert source.name in answer.content.decode()
    assert 'name="architecture"' not in answer.content.decode()
    client.post(PAGE, typed(dataset=str(dataset.pk), run_type="eval", evaluates=str(source.pk)))
    assert Experiment.objects.get(run_type="eval").evaluates == source
    assert "Which model?" in client.get(PAGE, {"run_type": "eval"}).content.decode()


def test_a_backtest_is_launched_and_rolls_its_origin(client, workspace):
    dataset = scenes.make_dataset(workspace)
    shown = client.get(PAGE, {"dataset": dataset.pk, "run_type": "backtest"})
    assert {bound.name for bound in shown.context["split_fields"]} >= {"folds", "test_share"}
    values = typed(dataset=str(dataset.pk), architecture="popularity", run_type="backtest", **POPULARITY)
    client.post(PAGE, values | {"split_method": "rolling_origin", "folds": "2"})
    run = Experiment.objects.get()
    assert (run.run_type, run.split["method"], run.split["folds"]) == ("backtest", "rolling_origin", 2)


def test_only_who_may_register_is_offered_it(workspace, version):
    model = registry.create_model(workspace=workspace, actor=None, name="Lists live", family="recommendation")
    dataset = scenes.make_dataset(workspace)
    asked = typed(dataset=str(dataset.pk), recipe=str(version.pk), register_as=str(model.pk), auto_promote="on")
    scientist = browser(make_member(workspace, Role.SCIENTIST))
    assert "Lists live" not in scientist.get(PAGE, {"dataset": dataset.pk}).content.decode()
    assert scientist.post(PAGE, asked).status_code in (403, 422)
    assert not Experiment.objects.exists()
    engineer = browser(make_member(workspace, Role.ENGINEER))
    assert "Lists live" in engineer.get(PAGE, {"dataset": dataset.pk}).content.decode()
    assert engineer.post(PAGE, asked).status_code == 302
    run = Experiment.objects.get()
    assert (run.register_as, run.auto_promote) == (model, True)


def test_a_fragment_of_another_family_forgets_the_recipe(client, workspace, version):
    table = stored_table(workspace, "location_scoring")
    answer = client.get("/training/parts/", {"dataset": table.pk, "recipe": version.pk}, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert "place_ridge" in shown
    assert str(version.pk) not in shown


def test_the_page_costs_few_queries(client, workspace, version, django_assert_max_num_queries):
    dataset = scenes.make_dataset(workspace)
    client.get(PAGE)
    with django_assert_max_num_queries(16):
        client.get(PAGE, {"dataset": dataset.pk, "recipe": version.pk})


def test_what_cannot_be_read_in_the_address_is_no_error(client, workspace):
    scenes.make_dataset(workspace)
    for asked in ({"recipe": "x"}, {"evaluates": "'"}, {"run_type": "magic"}, {"register_as": "%00"}, {"dataset": "?"}):
        assert client.get(PAGE, asked).status_code == 200

"""manage.py train_model from recipes, on tables, as evaluation and backtest; the command of a run repeats it."""

from __future__ import annotations

import shlex

import pytest
from django.core.management import CommandError

from experiments.models import Experiment
from experiments.services import registry
from experiments.services.command_line import command_line
from experiments.tests.commands.test_train_model import run
from experiments.tests.factories import make_dataset, make_workspace
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def recipe(workspace):
    said = manifest_of("recommendation", "item_knn", neighbours=7)
    return make_recipe(workspace, name="Lists", manifest=said)


def launched(*arguments: str) -> Experiment:
    run(*arguments, "--tracker", "none", "--no-wait")
    return Experiment.objects.latest("created_at")


@pytest.mark.parametrize("named", ["Lists", "Lists@0.1.0"])
def test_a_recipe_by_name_and_number(workspace, recipe, named):
    make_dataset(workspace, name="Mine")
    made = launched("--dataset", "Mine", "--recipe", named, "--seed", "5")
    assert (made.recipe_version, made.parameters["neighbours"], made.seed) == (latest(recipe), 7, 5)


def test_a_run_becomes_a_version_where_it_is_asked_for(workspace, recipe):
    make_dataset(workspace, name="Mine")
    model = registry.create_model(workspace=workspace, actor=None, name="Lists live", family="recommendation")
    made = launched("--dataset", "Mine", "--recipe", "Lists", "--register-as", "Lists live", "--auto-promote")
    assert (made.register_as, made.auto_promote) == (model, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "Nobody's"], "Nobody"),
        (["--recipe", "Lists@9.9.9"], "9.9.9"),
        (["--recipe", "Lists", "--set", "neighbours=8"], "parameters.neighbours"),
        (["--run-type", "eval"], "evaluates"),
        (["--run-type", "backtest", "--split", "random"], "rolling_origin"),
        (["--register-as", "Nothing"], "Nothing"),
        (["--auto-promote"], "auto_promote"),
        (["--evaluates", "00000000-0000-4000-8000-000000000000"], "evaluates"),
    ],
)
def test_what_does_not_fit_is_said(workspace, recipe, arguments, words):
    make_dataset(workspace, name="Mine")
    with pytest.raises(CommandError, match=words):
        launched("--dataset", "Mine", *arguments)
    assert not Experiment.objects.exists()


def test_a_table_with_other_roles_and_blocks(workspace):
    table = stored_table(workspace, "location_scoring")
    made = launched(
        "--dataset", table.name, "--role", f"numeric={table.roles['numeric'][0]}", "--block-km", "5"
    )  # fmt: skip
    assert (made.family, made.architecture, made.split["block_km"]) == ("location_scoring", "place_ridge", 5.0)
    assert made.preparation["roles"]["numeric"] == table.roles["numeric"][:1]


@pytest.mark.parametrize("kind", ["plain", "recipe", "table", "backtest", "eval"])
def test_the_command_of_a_run_makes_the_same_run(workspace, recipe, kind):
    interactions = stored_dataset(workspace, "Small synthetic")
    table = stored_table(workspace, "location_scoring")
    first = {
        "plain": lambda: launched("--dataset", interactions.name, "--architecture", "item_knn", "--split", "random"),
        "recipe": lambda: launched("--dataset", interactions.name, "--recipe", "Lists@0.1.0", "--seed", "3"),
        "table": lambda: launched("--dataset", table.name, "--role", f"numeric={table.roles['numeric'][0]}"),
        "backtest": lambda: launched(
            "--dataset", interactions.name, "--architecture", "ease", "--run-type", "backtest"
        ),
        "eval": lambda: launched(
            "--dataset",
            interactions.name,
            "--run-type",
            "eval",
            "--evaluates",
            str(carried_out(launched("--dataset", interactions.name, "--architecture", "popularity")).pk),
        ),
    }[kind]()
    again = launched(*shlex.split(command_line(first))[2:])
    assert again.pk != first.pk
    assert again.config_hash == first.config_hash

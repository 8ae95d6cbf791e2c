"""Recipes from the command line."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from experiments.models import Experiment, Recipe
from experiments.services import recipes
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def call(workspace):
    def run(name, *arguments):
        out = io.StringIO()
        call_command(name, "--workspace", workspace.slug, *arguments, stdout=out)
        return out.getvalue()

    return run


def test_a_recipe_through_its_life(call, workspace, tmp_path):
    make_recipe(workspace, name="Lists", approved=False)
    manifest = manifest_of()
    manifest["pipeline"]["training"]["seed"] = 7
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    said = call("recipe", "new-version", "Lists", str(file), "--note", "Seven", "--expected-latest", "0.1.0")
    assert "Saved Lists 0.2.0, a draft with 1 changes" in said
    assert "Lists 0.2.0 is approved" in call("recipe", "approve", "Lists")
    assert "pipeline.training.seed: 42 → 7" in call("recipe", "diff", "Lists", "0.1.0", "0.2.0")
    shown = call("recipe", "show", "Lists")
    assert "pipeline.training.seed = 7  [baseline]" in shown
    assert 'pipeline.quality.on_failure = "stop"  [default]' in shown
    assert json.loads(call("recipe", "show", "Lists", "--own", "--version", "0.1.0")) == manifest_of()
    assert "Made Copy" in call("recipe", "clone", "Lists", "Copy")
    listed = call("list_recipes")
    assert "Lists  recommendation  baseline  approved  newest 0.2.0, approved 0.2.0" in listed
    assert "Copy  recommendation  baseline  draft  newest 0.1.0, approved none" in listed
    assert "is archived" in call("recipe", "archive", "Lists", "--reason", "old")
    assert "Lists" not in call("list_recipes")
    assert "approved again" in call("recipe", "restore", "Lists")


def test_out_of_one_workspace_and_into_another(call, workspace, tmp_path):
    source = make_recipe(workspace, name="Lists")
    file = tmp_path / "recipe.json"
    assert "1 versions" in call("recipe", "export", "Lists", "--to", str(file))
    assert json.loads(call("recipe", "export", str(source.pk)))["name"] == "Lists"
    with pytest.raises(CommandError, match="name: there is a recipe 'Lists' already; free is 'Lists 2'"):
        call("recipe", "import", str(file))
    assert "Imported Lists 2" in call("recipe", "import", str(file), "--name", "Lists 2")
    assert latest(Recipe.objects.get(name="Lists 2")).effective_sha256 == latest(source).effective_sha256


def test_mistakes_are_told_with_their_place(call, workspace, tmp_path):
    make_recipe(workspace, name="Lists")
    file = tmp_path / "manifest.json"
    for text, words in (
        ('{"pipeline": ', "Line 1"),
        ('{"a": 1, "a": 2}', "said twice"),
        ('{"pipeline": {"training": {"architecture": "eas"}}}', "manifest.pipeline.training.architecture: 'eas'"),
    ):
        file.write_text(text)
        with pytest.raises(CommandError, match=words):
            call("recipe", "new-version", "Lists", str(file), "--note", "x")
    for arguments, words in (
        (("show", "Nobody"), "no such recipe"),
        (("show", "Lists", "--version", "9.9.9"), "has no version 9.9.9; there are 0.1.0"),
        (("show", "Lists", "--version", "nine"), "three numbers"),
        (("import", str(tmp_path / "absent.json")), "No such file"),
        (("clone", "Lists", "Copy", "--level", "client"), "parent: is left out"),
    ):
        with pytest.raises(CommandError, match=words):
            call("recipe", *arguments)


def test_an_example_and_its_run(call, workspace, monkeypatch):
    from experiments.management.commands import make_recipe_example as command

    small = {"users": 120, "items": 60, "interactions": 3_000}
    real = command.make_example
    monkeypatch.setattr(command, "make_example", lambda recipe, **how: real(recipe, sizes=small, **how))
    make_recipe(workspace, name="Lists")
    said = call("make_recipe_example", "Lists")
    assert "Data: Recommendation example (seed 0)" in said
    assert f"({Experiment.objects.get().pk}), queued" in said


def test_seeding_is_told_in_one_line(call, workspace):
    assert "5 baseline recipes" in call("seed_recipes")
    assert len(recipes.seed_baselines(workspace)) == 5

"""The baselines that ship with the product: whole, approved, once a workspace."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.learning.families import ABOUT, Family
from experiments.models import Recipe
from experiments.recipes import baselines as shipped
from experiments.recipes.checking import check
from experiments.recipes.completing import complete, sha256_of
from experiments.services import recipe_seeds, recipes
from experiments.tests.recipes_made import latest, make_recipe
from mlopspro.accounts.services.workspaces import create_workspace
from mlopspro.testing.people import make_person, make_workspace


@pytest.mark.parametrize("baseline", shipped.baselines(), ids=lambda item: item.family.value)
def test_each_baseline_is_a_thoughtful_whole_manifest(baseline):
    manifest = check(baseline.manifest, baseline.family)
    assert manifest.metadata.business_goal
    assert manifest.metadata.limitations
    assert manifest.requirements.labels
    assert manifest.pipeline.evaluation.headline in manifest.pipeline.evaluation.metrics
    assert any(threshold.blocks for threshold in manifest.pipeline.evaluation.metrics.values())
    assert {"headline_metric", "drift", "stale_data", "errors"} <= set(manifest.monitoring.alerts)
    assert manifest.lineage.outputs
    named = {name for item in manifest.requirements.feature_sets.values() for name in (*item.columns, *item.roles)}
    assert set(manifest.lineage.inputs) <= named
    required = {role.name for role in ABOUT[baseline.family].roles if role.required}
    assert required <= {
        role for item in manifest.requirements.feature_sets.values() if item.required for role in item.roles
    }


@pytest.mark.django_db
def test_a_workspace_gets_them_once():
    workspace = make_workspace()
    first = recipes.seed_baselines(workspace)
    assert [recipe.family for recipe in first] == list(Family)
    assert {(recipe.status, recipe.level, recipe.is_seeded) for recipe in first} == {("approved", "baseline", True)}
    assert {latest(recipe).number for recipe in first} == {"1.0.0"}
    with CaptureQueriesContext(connection) as captured:
        assert recipes.seed_baselines(workspace) == first
    assert len(captured) == 2


@pytest.mark.django_db
def test_a_name_that_is_taken_is_no_obstacle():
    workspace = make_workspace()
    mine = make_recipe(workspace, name="Forecasting baseline", family="forecasting")
    seeded = {recipe.family: recipe for recipe in recipes.seed_baselines(workspace)}
    assert seeded["forecasting"].name == "Forecasting baseline 2"
    mine.refresh_from_db()
    assert (mine.name, mine.is_seeded) == ("Forecasting baseline", False)


@pytest.mark.django_db
def test_a_new_workspace_has_them_and_so_has_every_one_after_a_start():
    made = create_workspace("Their own", make_person())
    other = make_workspace()
    call_command("seed_recipes", verbosity=0)
    for workspace in (made, other):
        assert Recipe.objects.filter(workspace=workspace, is_seeded=True).count() == 5


@pytest.mark.django_db
def test_what_people_archived_or_continued_stays_theirs_when_a_newer_baseline_ships(monkeypatch):
    workspace = make_workspace()
    seeded = {recipe.family: recipe for recipe in recipes.seed_baselines(workspace)}
    recipes.archive(seeded["pricing"], actor=None)
    manifest = latest(seeded["forecasting"]).manifest
    manifest["pipeline"]["training"]["seed"] = 7
    recipes.save_version(seeded["forecasting"], actor=make_person(), manifest=manifest, change_note="ours")
    newer = []
    for baseline in shipped.baselines():
        changed = {**baseline.manifest, "metadata": {**baseline.manifest["metadata"], "owner": "Newer"}}
        newer.append(type(baseline)(**{**vars(baseline), "number": "1.1.0", "manifest": changed}))
    monkeypatch.setattr(recipe_seeds, "baselines", lambda: tuple(newer))
    recipes.seed_baselines(workspace)
    numbers = {family: latest(recipe).number for family, recipe in seeded.items()}
    assert numbers == {
        "recommendation": "1.1.0",
        "forecasting": "1.1.0",
        "pricing": "1.0.0",
        "next_best_action": "1.1.0",
        "location_scoring": "1.1.0",
    }
    assert latest(seeded["forecasting"]).effective["pipeline"]["training"]["seed"] == 7
    assert latest(seeded["recommendation"]).status == "approved"


def test_a_whole_manifest_keeps_its_hash_through_completion():
    for baseline in shipped.baselines():
        whole = complete(baseline.manifest)
        assert sha256_of(complete(whole)) == sha256_of(whole)

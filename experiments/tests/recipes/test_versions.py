"""Versions: written once, numbered upwards, approved, archived."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from experiments.models import RecipeVersion
from experiments.recipes.completing import sha256_of
from experiments.services import recipes
from experiments.services.spec import Refused
from experiments.tests.recipes_made import latest, make_levels, make_recipe, manifest_of
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


def words(error) -> dict[str, str]:
    return {item.field: item.message for item in error.value.problems}


def seeded(seed: int) -> dict:
    manifest = manifest_of()
    manifest["pipeline"]["training"]["seed"] = seed
    return manifest


def test_a_recipe_begins_as_a_draft_whose_whole_is_kept(workspace):
    recipe = make_recipe(workspace, approved=False)
    version = latest(recipe)
    assert (version.number, version.status, recipe.status) == ("0.1.0", "draft", "draft")
    assert version.effective["pipeline"]["evaluation"]["list_lengths"] == [10, 50, 100]
    assert sha256_of(RecipeVersion.objects.get(pk=version.pk).effective) == version.effective_sha256


def test_a_number_must_be_above_every_other(workspace):
    recipe = make_recipe(workspace)
    recipes.save_version(recipe, actor=None, manifest=seeded(1), number="1.3.0", change_note="seed")
    with pytest.raises(Refused) as error:
        recipes.save_version(recipe, actor=None, manifest=seeded(2), number="1.2.0", change_note="seed")
    assert words(error) == {"number": "1.2.0 is not above 1.3.0; accepted: 1.3.1, 1.4.0 or 2.0.0"}
    for bad in ("1.3", "v2.0.0", "1.3.0.1", "01.4.0", "1.-4.0", "1.9999999.0"):
        with pytest.raises(Refused) as error:
            recipes.save_version(recipe, actor=None, manifest=seeded(2), number=bad, change_note="seed")
        assert "three numbers such as 1.2.0" in words(error)["number"]
    assert recipe.versions.count() == 2


def test_without_a_number_the_change_decides(workspace):
    recipe = make_recipe(workspace)
    other_architecture = {"pipeline": {"training": {"architecture": "item_knn"}}}
    manifests = (seeded(1), seeded(1) | {"metadata": {"title": "Lists"}}, other_architecture)
    numbers = [recipes.save_version(recipe, actor=None, manifest=said, change_note="x").number for said in manifests]
    assert numbers == ["0.2.0", "0.2.1", "1.0.0"]


def test_two_people_who_edit_the_same_version(workspace):
    ann = make_member(workspace, name="Ann")
    recipe = make_recipe(workspace)
    recipes.save_version(recipe, actor=ann, manifest=seeded(1), change_note="mine", expected_latest="0.1.0")
    with pytest.raises(Refused) as error:
        recipes.save_version(recipe, actor=None, manifest=seeded(2), change_note="too", expected_latest="0.1.0")
    assert words(error)["expected_latest"].startswith(
        "Ann saved 0.2.0 after you opened 0.1.0. Nothing of yours is lost"
    )
    assert latest(recipe).effective["pipeline"]["training"]["seed"] == 1


def test_a_version_that_says_the_same_is_none(workspace):
    recipe = make_recipe(workspace, manifest=seeded(1))
    with pytest.raises(Refused) as error:
        recipes.save_version(recipe, actor=None, manifest=seeded(1), change_note="again")
    assert words(error) == {"manifest": "says the same as 0.1.0; a new version needs a change"}
    with pytest.raises(Refused) as error:
        recipes.save_version(recipe, actor=None, manifest=seeded(2), change_note="  ")
    assert "change_note" in words(error)


def test_the_difference_from_the_version_before_is_kept(workspace):
    recipe = make_recipe(workspace, manifest=seeded(1))
    version = recipes.save_version(recipe, actor=None, manifest=seeded(2), change_note="seed")
    assert version.changes == [{"path": "pipeline.training.seed", "kind": "changed", "before": 1, "after": 2}]


@pytest.mark.parametrize("field", ["manifest", "effective", "change_note", "major", "created_at", "parent_version"])
def test_the_database_refuses_to_change_a_version(workspace, field):
    baseline, industry, _ = make_levels(workspace)
    version = latest(industry)
    others = {
        "manifest": {"x": 1},
        "effective": {},
        "change_note": "other",
        "major": 9,
        "created_at": version.recipe.created_at,
    }
    value = others.get(field, latest(baseline).pk if field != "parent_version" else None)
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        RecipeVersion.objects.filter(pk=version.pk).update(**{field: value})


def test_approving_keeps_who_and_when_and_is_idempotent(workspace):
    ann = make_member(workspace)
    recipe = make_recipe(workspace, approved=False)
    version = recipes.approve(latest(recipe), actor=ann, note="Looked at it with Bob")
    assert (version.status, version.approved_by, version.approved_at is not None) == ("approved", ann, True)
    recipe.refresh_from_db()
    assert recipe.status == "approved"
    assert recipes.approve(version, actor=None).approved_by == ann
    entry = AuditEntry.objects.get(action="approve_recipe")
    assert (entry.actor, entry.reason, entry.after["number"]) == (ann, "Looked at it with Bob", "0.1.0")


def test_a_newer_approved_version_leaves_the_older_one_approved(workspace):
    recipe = make_recipe(workspace)
    first = latest(recipe)
    recipes.approve(recipes.save_version(recipe, actor=None, manifest=seeded(1), change_note="x"), actor=None)
    first.refresh_from_db()
    assert first.status == "approved"


def test_a_child_is_approved_after_its_parent(workspace):
    baseline = make_recipe(workspace, name="Base", approved=False)
    child = make_recipe(workspace, level="client", parent=baseline, approved=False)
    with pytest.raises(Refused) as error:
        recipes.approve(latest(child), actor=None)
    assert words(error)["parent_version"] == (
        "it inherits from 0.1.0 of Base, which is draft; accepted: an approved version"
    )
    recipes.approve(latest(baseline), actor=None)
    assert recipes.approve(latest(child), actor=None).status == "approved"


def test_an_archived_version_is_not_approved_and_not_inherited(workspace):
    baseline = make_recipe(workspace, name="Base")
    version = recipes.archive_version(latest(baseline), actor=None, reason="wrong")
    baseline.refresh_from_db()
    assert (version.status, baseline.status) == ("archived", "draft")
    with pytest.raises(Refused, match="is archived"):
        recipes.approve(version, actor=None)
    with pytest.raises(Refused, match="no version to inherit from"):
        make_recipe(workspace, level="client", parent=baseline)


def test_what_an_architecture_no_longer_accepts_is_not_approved(workspace):
    recipe = make_recipe(workspace, approved=False)
    recipe.versions.all().delete()
    effective = {"family": "recommendation", "pipeline": {"training": {"architecture": "gone"}}}
    version = RecipeVersion.objects.create(
        recipe=recipe, major=1, minor=0, patch=0, manifest={}, effective=effective, effective_sha256="", change_note="x"
    )
    with pytest.raises(Refused) as error:
        recipes.approve(version, actor=None)
    assert "'gone' is not known" in words(error)["manifest.pipeline.training.architecture"]

"""Recipes come, inherit, are cloned, archived and deleted; and what is refused on the way."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from experiments.models import Recipe, RecipeVersion
from experiments.recipes.merging import same
from experiments.selectors import recipes as rows
from experiments.services import recipes
from experiments.services.spec import Refused
from experiments.tests.factories import make_experiment
from experiments.tests.recipes_made import latest, make_levels, make_recipe, manifest_of
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


def refused(act) -> dict[str, str]:
    with pytest.raises(Refused) as error:
        act()
    return {item.field: item.message for item in error.value.problems}


def seeded(seed: int) -> dict:
    return {"pipeline": {"training": {"seed": seed}}}


def test_three_levels_and_where_each_value_comes_from(workspace):
    baseline = make_recipe(workspace)
    industry = make_recipe(workspace, level="industry", parent=baseline, manifest=seeded(7))
    own = {"pipeline": {"deployment": {"list_length": 5}}, "metadata": {"owner": "Client"}}
    client = make_recipe(workspace, level="client", parent=industry, manifest=own)
    detail = rows.detail(client)
    assert detail.effective["pipeline"]["training"] == {"architecture": "popularity", "parameters": {}, "seed": 7}
    assert detail.origins["pipeline.training.architecture"] == "baseline"
    assert detail.origins["pipeline.training.seed"] == "industry"
    assert detail.origins["pipeline.deployment.list_length"] == "client"
    assert detail.origins["pipeline.deployment.mode"] == "default"
    assert [layer.level for layer in detail.layers] == ["baseline", "industry", "client"]
    assert detail.chain == [baseline, industry]
    assert rows.detail(baseline).children == [industry]


def test_a_child_is_offered_what_changed_above_and_never_changed_by_it(workspace):
    baseline, industry, _ = make_levels(workspace)
    recipes.approve(recipes.save_version(industry, actor=None, manifest=seeded(7), change_note="x"), actor=None)
    before = latest(industry).effective
    above = manifest_of(architecture="item_knn") | {"metadata": {"title": "New"}}
    above["pipeline"]["training"]["seed"] = 9
    newer = recipes.approve(recipes.save_version(baseline, actor=None, manifest=above, change_note="x"), actor=None)
    assert latest(industry).effective == before
    upgrade = rows.offered_upgrade(industry)
    assert (upgrade.current.number, upgrade.offered) == ("0.1.0", newer)
    assert {change.path for change in upgrade.changes} == {"metadata.title", "pipeline.training.architecture"}
    (conflict,) = upgrade.conflicts
    assert (conflict.path, conflict.parent_before, conflict.parent_after, conflict.own) == (
        "pipeline.training.seed", 42, 9, 7,
    )  # fmt: skip
    assert str(upgrade.proposal.number) == "1.0.0"
    taken = recipes.save_version(
        industry, actor=None, manifest=latest(industry).manifest, change_note="up", parent_version=upgrade.offered
    )
    assert same(taken.effective, upgrade.effective)
    assert rows.offered_upgrade(industry) is None


def test_an_upgrade_that_would_break_says_why(workspace):
    baseline = make_recipe(workspace, manifest=manifest_of(architecture="item_knn"))
    own = {"pipeline": {"training": {"parameters": {"neighbours": 20}}}}
    child = make_recipe(workspace, level="client", parent=baseline, manifest=own)
    above = manifest_of(architecture="popularity")
    recipes.approve(recipes.save_version(baseline, actor=None, manifest=above, change_note="x"), actor=None)
    upgrade = rows.offered_upgrade(child)
    assert [item.path for item in upgrade.problems] == ["pipeline.training.parameters.neighbours"]
    said = refused(
        lambda: recipes.save_version(child, actor=None, manifest=own, change_note="up", parent_version=upgrade.offered)
    )
    assert "is no parameter of popularity" in said["manifest.pipeline.training.parameters.neighbours"]


@pytest.mark.parametrize(
    ("level", "parent", "words"),
    [
        ("baseline", "baseline", "a baseline inherits from nothing"),
        ("industry", None, "is left out; a recipe of level industry inherits from one of level baseline"),
        ("client", None, "one of level baseline or industry"),
        ("industry", "industry", "is of level industry; accepted for level industry: one of level baseline"),
        ("client", "client", "is of level client"),
        ("client", "elsewhere", "there is no such recipe in this workspace"),
        ("client", "other family", "is of family pricing; accepted: one of family recommendation"),
        ("client", "archived", "is archived"),
    ],
)
def test_who_may_be_a_parent(workspace, level, parent, words):
    baseline, industry, client = make_levels(workspace)
    archived = recipes.archive(make_recipe(workspace), actor=None)
    parents = {
        "baseline": baseline, "industry": industry, "client": client, "archived": archived, None: None,
        "elsewhere": make_recipe(make_workspace()), "other family": make_recipe(workspace, family="pricing"),
    }  # fmt: skip
    said = refused(lambda: make_recipe(workspace, level=level, parent=parents[parent], manifest={}))
    assert words in said["parent"]


def test_a_circle_is_refused(workspace):
    baseline, industry, client = make_levels(workspace)
    Recipe.objects.filter(pk=industry.pk).update(level="client")  # as no service would leave it
    Recipe.objects.filter(pk=client.pk).update(level="industry")
    industry.refresh_from_db()
    said = refused(
        lambda: recipes.save_version(industry, actor=None, manifest={}, change_note="x", parent_version=latest(client))
    )
    assert "would go in a circle" in said["parent_version"]
    assert Recipe.objects.get(pk=industry.pk).parent == baseline


def test_a_recipe_moves_below_another_parent_with_a_version(workspace):
    baseline = make_recipe(workspace)
    client = make_recipe(workspace, level="client", parent=baseline)
    industry = make_recipe(workspace, level="industry", parent=baseline, manifest=seeded(7))
    version = recipes.save_version(client, actor=None, manifest={}, change_note="x", parent_version=latest(industry))
    client.refresh_from_db()
    assert (client.parent, version.effective["pipeline"]["training"]["seed"]) == (industry, 7)


def test_a_clone_says_the_same_and_stands_alone(workspace):
    baseline = make_recipe(workspace, tags=["a"], description="Words")
    child = make_recipe(workspace, level="client", parent=baseline, manifest=seeded(7))
    copy = recipes.clone(child, actor=None, name="Copy")
    assert (copy.cloned_from, copy.parent, copy.status, copy.tags) == (child, baseline, "draft", child.tags)
    assert (latest(copy).manifest, latest(copy).number) == (seeded(7), "0.1.0")
    assert latest(copy).effective_sha256 == latest(child).effective_sha256
    alone = recipes.clone(child, actor=None, name="Alone", level="baseline")
    assert (alone.parent, latest(alone).effective_sha256) == (None, latest(child).effective_sha256)
    industry = recipes.clone(child, actor=None, name="Industry", level="industry", parent=baseline)
    assert (latest(industry).manifest, industry.level) == (seeded(7), "industry")


def test_names_tags_and_words_are_checked(workspace):
    recipe = make_recipe(workspace, name="Taken")
    for name, words in (("", "one line"), ("a\nb", "one line"), ("x" * 201, "one line"), ("a\x00", "control")):
        assert words in refused(lambda name=name: make_recipe(workspace, name=name or " "))["name"]
    assert refused(lambda: make_recipe(workspace, name="Taken"))["name"].endswith("free is 'Taken 2'")
    assert "20" in refused(lambda: recipes.edit(recipe, actor=None, tags=[str(tag) for tag in range(30)]))["tags"]
    assert "too many" in refused(lambda: recipes.edit(recipe, actor=None, description="x" * 20_000))["description"]
    assert "accepted: recommendation" in refused(lambda: make_recipe(workspace, family="x", manifest={}))["family"]
    assert "accepted: baseline" in refused(lambda: make_recipe(workspace, level="top", manifest={}))["level"]


def test_an_archived_recipe_leaves_lists_keeps_its_work_and_comes_back(workspace):
    ann = make_member(workspace)
    baseline = make_recipe(workspace)
    run = make_experiment(workspace, recipe_version=latest(baseline))
    archived = recipes.archive(baseline, actor=ann, reason="old")
    assert (archived.status, archived.archived_by, archived.archived_at is not None) == ("archived", ann, True)
    assert baseline not in rows.listed(workspace)
    assert baseline in rows.listed(workspace, status="archived")
    run.refresh_from_db()
    assert run.status == "queued"
    assert "bring it back" in refused(lambda: recipes.edit(baseline, actor=None, name="x"))["recipe"]
    assert (
        "bring it back"
        in refused(lambda: recipes.save_version(baseline, actor=None, manifest={}, change_note="x"))["recipe"]
    )
    assert recipes.restore(baseline, actor=ann).status == "approved"
    assert list(AuditEntry.objects.filter(action__endswith="e_recipe", actor=ann).values_list("action", flat=True)) == [
        "restore_recipe", "archive_recipe",
    ]  # fmt: skip


def test_what_holds_a_recipe_is_said_when_it_cannot_be_deleted(workspace):
    approved = make_recipe(workspace, name="Approved")
    assert refused(lambda: recipes.delete(approved, actor=None))["recipe"] == (
        "Approved was approved; archive it instead"
    )
    draft = make_recipe(workspace, name="Draft", approved=False)
    make_experiment(workspace, recipe_version=latest(draft))
    recipes.clone(draft, actor=None, name="Clone")
    said = refused(lambda: recipes.delete(draft, actor=None))["recipe"]
    assert said == "Draft has a run, was cloned once; archive it instead"
    free = make_recipe(workspace, name="Free", approved=False)
    recipes.delete(free, actor=None)
    assert free not in rows.listed(workspace, status="all")
    make_recipe(workspace, name="Free")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told():
    workspace = make_workspace()
    recipe = make_recipe(workspace)
    barrier, said = threading.Barrier(2), []

    def save(seed: int) -> None:
        manifest = manifest_of()
        manifest["pipeline"]["training"]["seed"] = seed
        barrier.wait()
        try:
            version = recipes.save_version(
                recipe, actor=None, manifest=manifest, change_note="x", expected_latest="0.1.0"
            )
            said.append(version.number)
        except Refused as error:
            said.append(error.problems[0].field)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == ["0.2.0", "expected_latest"]
    assert RecipeVersion.objects.filter(recipe=recipe).count() == 2


def test_the_library_is_searched_and_costs_one_query(workspace, django_assert_num_queries):
    for number in range(3):
        make_recipe(workspace, name=f"Grocery {number}", tags=["food"], description="fresh things")
    make_recipe(workspace, name="Fashion", approved=False)
    with django_assert_num_queries(1):
        found = list(rows.listed(workspace, q="grocery fresh"))
    assert [recipe.name for recipe in found] == ["Grocery 0", "Grocery 1", "Grocery 2"]
    assert {(recipe.latest_number, recipe.approved_number, recipe.num_versions) for recipe in found} == {
        ("0.1.0", "0.1.0", 1)
    }
    assert rows.listed(workspace, tag="food").count() == 3
    assert rows.listed(workspace, q="%").count() == 0
    assert rows.listed(workspace, q="a\x00").count() >= 0
    assert rows.tags(workspace) == ["food"]

"""Pages of recipes: the library, one recipe, making, approving, archiving, files."""

from __future__ import annotations

import io
import json

import pytest
from django.urls import reverse

from experiments.models import Recipe, RecipeStatus
from experiments.services import recipes
from experiments.tests.factories import make_dataset
from experiments.tests.pages.html import fields
from experiments.tests.pages.test_query_budgets import SESSION, cost
from experiments.tests.recipes_made import latest, make_levels, make_recipe, manifest_of
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

LIST = "/recipes/"
NEW = "/recipes/new/"


def text_of(response) -> str:
    return response.content.decode()


def page(recipe, name="recipe", *more) -> str:
    return reverse(f"experiments:{name}", args=[recipe.pk, *more])


@pytest.fixture
def engineer(workspace):
    return browser(make_member(workspace, Role.ENGINEER))


def test_an_empty_library_teaches_and_adds_the_five_baselines(client, viewer, workspace):
    shown = text_of(client.get(LIST))
    assert "No recipes yet" in shown
    assert "Add the five baselines" in shown
    assert "Add the five baselines" not in text_of(viewer.get(LIST))
    assert client.post("/recipes/seed/").url == LIST
    assert Recipe.objects.filter(workspace=workspace).count() == 5
    client.post("/recipes/seed/")
    assert Recipe.objects.filter(workspace=workspace).count() == 5
    assert text_of(client.get(LIST)).count('scope="row"') == 5


def test_the_library_finds_and_filters_in_the_address(client, workspace):
    baseline, industry, _ = make_levels(workspace, tags=["grocery"])
    other = make_recipe(workspace, name="Prices of hotels", family="pricing", approved=False)
    archived = make_recipe(workspace, name="Old one")
    recipes.archive(archived, actor=None, reason="no longer used")

    def found(**query):
        return {row.recipe.name for row in client.get(LIST, query).context["rows"]}

    assert archived.name not in found()
    assert found(family="pricing") == {other.name}
    assert found(level="industry") == {industry.name}
    assert found(status="draft") == {other.name}
    assert found(status="archived") == {archived.name}
    assert found(q="hotels") == {other.name}
    assert found(tag="grocery", level="baseline") == {baseline.name}
    assert found(family="nonsense", level="\x00", status="?", tag="none") == found()
    nothing = client.get(LIST, {"q": "zzz"})
    assert "No recipe is like that" in text_of(nothing)
    chips = client.get(LIST, {"family": "pricing", "q": "hotels"}).context["chips"]
    assert [chip["label"] for chip in chips] == ["Search: hotels", "Family: Pricing"]


def test_the_tree_shows_what_was_asked_for_below_what_it_inherits_from(client, workspace):
    baseline, industry, last = make_levels(workspace)
    make_recipe(workspace, name="Elsewhere", family="pricing")
    trees = client.get(LIST, {"shown": "tree", "level": "client"}).context["trees"]
    rows = [(row.recipe.name, row.depth, row.matches) for tree in trees for row in tree.rows]
    assert rows == [(baseline.name, 0, False), (industry.name, 1, False), (last.name, 2, True)]


def test_the_overview_says_which_level_each_value_comes_from(client, workspace):
    parent = make_recipe(workspace, name="Base", manifest=manifest_of(damping=3.0))
    said = {"pipeline": {"training": {"seed": 7}}}
    child = make_recipe(workspace, name="Shop", level="industry", parent=parent, manifest=said)
    response = client.get(page(child))
    rows = {row.path: row for section in response.context["sections"] for row in section.rows}
    assert rows["pipeline.training.seed"].is_own
    assert (rows["pipeline.training.architecture"].origin, rows["pipeline.training.architecture"].value) == (
        "Base 0.1.0",
        "popularity",
    )
    assert rows["pipeline.training.parameters.score"].is_default, "hyperparameters nobody says are shown as well"
    own = client.get(page(child), {"values": "own"})
    assert [row.path for section in own.context["sections"] for row in section.rows] == ["pipeline.training.seed"]
    silent = make_recipe(workspace, level="client", parent=child)
    assert "says nothing of its own" in text_of(client.get(page(silent), {"values": "own"}))
    assert [label for label, _ in client.get(page(silent)).context["trail"]] == ["Recipes", "Base", "Shop", silent.name]


def test_a_new_recipe_of_each_level_begins_as_a_draft_in_the_editor(client, workspace):
    asked = {
        "name": "Demand",
        "level": "baseline",
        "family": "forecasting",
        "parent": "",
        "description": "",
        "tags": "a, b",
    }
    made = client.post(NEW, asked)
    base = Recipe.objects.get(name="Demand")
    assert made.url == page(base) + "?tab=manifest"
    assert (base.tags, base.status, latest(base).number) == (["a", "b"], "draft", "0.1.0")
    child = client.post(NEW, asked | {"name": "Shops", "level": "industry", "parent": str(base.pk)})
    assert child.status_code == 302
    shops = Recipe.objects.get(name="Shops")
    assert (shops.family, latest(shops).manifest) == ("forecasting", {})


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "Taken"}, "name", "already"),
        ({"name": "bell \x07"}, "name", "control characters"),
        ({"level": "planet"}, "level", "valid choice"),
        ({"family": "astrology"}, "family", "valid choice"),
        ({"level": "industry"}, "parent", "Choose the recipe it inherits from"),
        ({"parent": "of"}, "parent", "A baseline has no parent"),
        ({"level": "client", "parent": "archived"}, "parent", "valid choice"),
        ({"tags": "x" * 70}, "tags", "60"),
    ],
)
def test_what_is_refused_stands_at_its_field_and_keeps_what_was_typed(client, workspace, changes, field, words):
    make_recipe(workspace, name="Taken")
    parents = {"of": make_recipe(workspace), "archived": make_recipe(workspace)}
    recipes.archive(parents["archived"], actor=None, reason="old")
    asked = {"name": "New", "level": "baseline", "family": "pricing", "parent": "", "description": "kept", "tags": ""}
    asked |= changes
    asked["parent"] = str(parents[asked["parent"]].pk) if asked["parent"] else ""
    response = client.post(NEW, asked)
    assert response.status_code == 422
    assert words.lower() in " ".join(response.context["form"].errors[field]).lower()
    assert "kept" in text_of(response)
    assert Recipe.objects.count() == 3


def test_a_clone_says_the_same_and_remembers_its_origin(client, workspace):
    parent = make_recipe(workspace, name="Base")
    recipe = make_recipe(workspace, level="industry", parent=parent, manifest={"pipeline": {"training": {"seed": 9}}})
    form = client.get(page(recipe, "recipe_clone")).context["form"]
    assert form.initial == {"name": f"{recipe.name} (copy)", "level": "industry", "parent": str(parent.pk)}
    given = {"name": "Copy", "level": "industry", "parent": str(parent.pk)}
    assert client.post(page(recipe, "recipe_clone"), given).status_code == 302
    copy = Recipe.objects.get(name="Copy")
    assert (copy.cloned_from, copy.parent, latest(copy).manifest) == (recipe, parent, latest(recipe).manifest)
    refused = client.post(page(recipe, "recipe_clone"), given | {"level": "baseline", "name": "Copy 2"})
    assert refused.status_code == 422
    assert "inherits from nothing" in text_of(refused)


def test_a_parent_that_was_archived_since_is_no_choice_for_a_clone(client, workspace):
    parent = make_recipe(workspace)
    recipe = make_recipe(workspace, level="industry", parent=parent)
    recipes.archive(parent, actor=None, reason="old")
    response = client.post(page(recipe, "recipe_clone"), {"name": "Copy", "level": "industry", "parent": ""})
    assert response.status_code == 422
    assert "is archived" in " ".join(response.context["form"].errors["parent"])


def test_words_are_edited_and_a_taken_name_is_refused(client, workspace):
    make_recipe(workspace, name="Taken")
    recipe = make_recipe(workspace, name="Mine")
    refused = client.post(page(recipe, "recipe_edit"), {"name": "Taken", "description": "typed", "tags": ""})
    assert refused.status_code == 422
    assert "typed" in text_of(refused)
    client.post(page(recipe, "recipe_edit"), {"name": "Ours", "description": "x", "tags": "one, two"})
    recipe.refresh_from_db()
    assert (recipe.name, recipe.tags) == ("Ours", ["one", "two"])


def test_an_engineer_approves_and_a_scientist_may_not(client, engineer, workspace):
    recipe = make_recipe(workspace, approved=False)
    address = page(recipe, "recipe_version", latest(recipe).pk)
    assert "An engineer or an administrator approves" in text_of(client.get(address))
    approve = page(recipe, "recipe_approve", latest(recipe).pk)
    assert client.post(approve).status_code == 403
    assert engineer.post(approve, {"note": "looked at it"}).url == address
    assert latest(recipe).status == RecipeStatus.APPROVED
    assert AuditEntry.objects.get(action="approve_recipe").reason == "looked at it"
    assert "Approve this version" not in text_of(engineer.get(address))
    make_dataset(workspace)
    launched = engineer.get("/training/", {"recipe": latest(recipe).pk})
    assert fields(text_of(launched))["recipe"] == str(latest(recipe).pk), "launching leads to it being chosen"


def test_a_draft_parent_and_an_archived_recipe_hold_an_approval_back(engineer, workspace):
    parent = make_recipe(workspace, approved=False)
    child = make_recipe(workspace, level="industry", parent=parent, approved=False)
    approve = page(child, "recipe_approve", latest(child).pk)
    refused = engineer.post(approve, {"note": "typed"})
    assert refused.status_code == 422
    assert "which is draft" in text_of(refused)
    assert "typed" in text_of(refused)
    recipes.archive(child, actor=None, reason="old")
    assert "is archived" in text_of(engineer.post(approve))


def test_archiving_asks_why_and_what_was_approved_needs_an_approver(client, engineer, workspace):
    draft, approved = make_recipe(workspace, approved=False), make_recipe(workspace)
    assert client.post(page(draft, "recipe_archive"), {"reason": ""}).status_code == 422
    assert client.post(page(draft, "recipe_archive"), {"reason": "not needed"}).url == page(draft)
    assert "This recipe is archived" in text_of(client.get(page(draft)))
    client.post(page(draft, "recipe_restore"))
    draft.refresh_from_db()
    assert draft.status == RecipeStatus.DRAFT
    refused = client.post(page(approved, "recipe_archive"), {"reason": "not needed"})
    assert refused.status_code == 403
    assert "needs somebody who may approve recipes" in text_of(refused)
    assert engineer.post(page(approved, "recipe_archive"), {"reason": "replaced"}).status_code == 302
    version = latest(approved)
    assert engineer.get(page(approved, "recipe_version_archive", version.pk)).status_code == 200
    assert engineer.post(page(approved, "recipe_version_archive", version.pk), {"reason": "old"}).status_code == 302
    assert latest(approved).status == RecipeStatus.ARCHIVED


def test_only_an_unused_draft_is_deleted(client, workspace):
    draft, used = make_recipe(workspace, approved=False), make_recipe(workspace)
    assert client.post(page(draft, "recipe_delete")).url == LIST
    assert client.get(page(draft)).status_code == 404
    client.post(page(used, "recipe_delete"))
    assert client.get(page(used)).status_code == 200


def test_two_versions_are_compared_value_by_value(client, workspace):
    recipe = make_recipe(workspace)
    first = latest(recipe)
    manifest = manifest_of() | {"metadata": {"title": "Now named"}}
    second = recipes.save_version(recipe, actor=None, manifest=manifest, change_note="a title")
    response = client.get(page(recipe), {"tab": "versions"})
    assert [(one.path, one.after) for one in response.context["compared"]] == [("metadata.title", "Now named")]
    back = client.get(page(recipe), {"tab": "versions", "before": second.pk, "after": first.pk})
    assert [(one.path, one.before) for one in back.context["compared"]] == [("metadata.title", "Now named")]
    assert client.get(page(recipe), {"tab": "versions", "before": "nonsense"}).status_code == 200


def test_an_upgrade_is_offered_with_its_conflicts_and_taken_up_with_one_button(client, viewer, workspace):
    parent = make_recipe(workspace, name="Base")
    said = {"metadata": {"title": "Shop"}}
    child = make_recipe(workspace, level="industry", parent=parent, manifest=said)
    assert client.get(page(child)).context["upgrade"] is None
    manifest = manifest_of(damping=9.0) | {"metadata": {"title": "Base, renamed"}}
    newer = recipes.approve(
        recipes.save_version(parent, actor=None, manifest=manifest, change_note="damps"), actor=None
    )
    shown = client.get(page(child))
    upgrade = shown.context["upgrade"]
    assert [one.path for one in upgrade.changes] == ["pipeline.training.parameters.damping"]
    assert [(one.path, one.own) for one in upgrade.conflicts] == [("metadata.title", "Shop")]
    assert "Take it up" in text_of(shown)
    assert "Take it up" not in text_of(viewer.get(page(child)))
    taken = client.post(page(child, "recipe_upgrade"), upgrade.fields)
    assert taken.status_code == 302
    version = latest(child)
    assert (version.parent_version, version.manifest, version.status) == (newer, said, "draft")
    assert client.post(page(child, "recipe_upgrade")).url == page(child), "there is nothing left to take up"


def test_an_upgrade_that_does_not_fit_leads_to_the_editor_on_the_new_parent(client, workspace):
    parent = make_recipe(workspace)
    said = {"pipeline": {"training": {"parameters": {"damping": 3.0}}}}
    child = make_recipe(workspace, level="industry", parent=parent, manifest=said)
    newer = recipes.save_version(parent, actor=None, manifest=manifest_of(architecture="ease"), change_note="ease")
    recipes.approve(newer, actor=None)
    assert "Resolve in the editor" in text_of(client.get(page(child)))
    answer = client.post(page(child, "recipe_upgrade"))
    assert answer.url == f"{page(child)}?tab=manifest&parent={newer.pk}"
    editor = client.get(answer.url)
    assert [one.path for one in editor.context["editing"].problems] == ["pipeline.training.parameters.damping"]
    assert f'name="parent_version" value="{newer.pk}"' in text_of(editor)


def test_a_recipe_goes_out_as_a_file_and_comes_back(client, workspace):
    recipe = make_recipe(workspace, name="Prices: north", family="pricing")
    response = client.get(page(recipe, "recipe_export"))
    assert response["Content-Disposition"] == 'attachment; filename="prices-north.recipe.json"'
    document = json.loads(response.content)
    made = client.post("/recipes/import/", {"file": _file(response.content), "name": "Prices: south"})
    south = Recipe.objects.get(name="Prices: south")
    assert made.url == page(south)
    assert latest(south).effective == latest(recipe).effective
    again = client.post("/recipes/import/", {"file": _file(response.content)})
    assert again.status_code == 422
    assert "already" in " ".join(again.context["form"].errors["name"])
    for part in ("manifest", "effective"):
        document["versions"][0][part]["pipeline"]["training"]["architecture"] = "no_such"
    document["name"] = "Broken"
    broken = client.post("/recipes/import/", {"file": _file(json.dumps(document).encode())})
    assert broken.status_code == 422
    assert "file.versions.0.effective_sha256" in text_of(broken), "a file that was changed is not what was exported"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b'{"kind": 3}', b"null", b'{"a": NaN}', b"[" * 9000])
def test_a_file_that_is_no_recipe_is_refused_with_words(client, workspace, content):
    response = client.post("/recipes/import/", {"file": _file(content)})
    assert response.status_code == 422
    assert response.context["form"].errors
    assert not Recipe.objects.exists()


def test_no_file_at_all_is_named(client, workspace):
    assert "Choose the file." in text_of(client.post("/recipes/import/", {"name": "x"}))


@pytest.mark.parametrize("tab", ["overview", "manifest", "versions", "example", "made", "nonsense"])
def test_people_who_read_see_every_part_and_no_button_that_changes(viewer, workspace, tab):
    recipe = make_recipe(workspace)
    shown = text_of(viewer.get(page(recipe), {"tab": tab}))
    for words in ("Clone", "Archive", "Save as new version", "Make the example", "Launch a run", "Delete draft"):
        assert f">{words}<" not in shown


LIBRARY_BUDGET, TREE_BUDGET, VERSION_BUDGET = 5, 6, 7
TABS = {"overview": 10, "manifest": 10, "versions": 12, "example": 10, "made": 12}


def test_the_library_costs_the_same_with_few_and_with_many_recipes(client, workspace):
    make_levels(workspace)
    few, tree = cost(client, LIST), cost(client, LIST, shown="tree")
    for _ in range(4):
        make_levels(workspace)
    assert cost(client, LIST) == few <= SESSION + LIBRARY_BUDGET
    assert cost(client, LIST, shown="tree") == tree <= SESSION + TREE_BUDGET


@pytest.mark.parametrize("tab", TABS)
def test_a_recipe_costs_the_same_however_many_versions_and_children_it_has(client, workspace, tab):
    base = make_recipe(workspace)
    recipe = make_recipe(workspace, level="industry", parent=base)
    few = cost(client, page(recipe), tab=tab)
    for number in range(5):
        manifest = {"metadata": {"title": f"title {number}"}}
        recipes.approve(recipes.save_version(recipe, actor=None, manifest=manifest, change_note="again"), actor=None)
        make_recipe(workspace, level="client", parent=recipe, approved=False)
    assert few - 1 <= cost(client, page(recipe), tab=tab) <= few + 1, "a comparison of one version with itself is less"
    assert few <= SESSION + TABS[tab]


def test_a_version_costs_what_its_levels_cost(client, workspace):
    recipe = make_recipe(workspace)
    assert cost(client, page(recipe, "recipe_version", latest(recipe).pk)) <= SESSION + VERSION_BUDGET


def _file(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "recipe.json"
    return file

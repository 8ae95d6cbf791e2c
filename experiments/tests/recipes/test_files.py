"""Recipes as files: everything goes out and comes in again, or nothing does and the file's place is named."""

from __future__ import annotations

import copy
import json

import pytest

from experiments.models import Recipe, RecipeVersion
from experiments.recipes.completing import sha256_of
from experiments.services import recipe_files, recipes
from experiments.services.spec import Refused
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from mlopspro.testing.people import make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


def seeded(seed: int) -> dict:
    return {"pipeline": {"training": {"seed": seed}}}


@pytest.fixture
def exported(workspace):
    """A client with two versions, and its baseline with one."""
    ann = make_member(workspace, name="Ann")
    baseline = make_recipe(workspace, name="Base")
    client = make_recipe(workspace, name="Client", level="client", parent=baseline, manifest=seeded(7), tags=["a"])
    recipes.save_version(client, actor=ann, manifest=seeded(8), number="1.0.0", change_note="Eight")
    return json.loads(json.dumps(recipe_files.export(baseline))), json.loads(json.dumps(recipe_files.export(client)))


def take(workspace, content, **how):
    return recipe_files.import_recipe(workspace=workspace, actor=None, content=content, **how)


def refused(act) -> dict[str, str]:
    with pytest.raises(Refused) as error:
        act()
    return {item.field: item.message for item in error.value.problems}


def test_all_versions_come_back_as_drafts_with_the_same_content(workspace, exported):
    there = make_workspace()
    take(there, exported[0])
    made = take(there, json.dumps(exported[1]).encode())
    assert (made.name, made.parent.name, made.status, made.tags) == ("Client", "Base", "draft", ["a"])
    versions = list(made.versions.order_by("major", "minor"))
    assert [(version.number, version.status) for version in versions] == [("0.1.0", "draft"), ("1.0.0", "draft")]
    assert [version.manifest for version in versions] == [seeded(7), seeded(8)]
    assert [version.effective_sha256 for version in versions] == [
        version["effective_sha256"] for version in exported[1]["versions"]
    ]
    assert {version.change_note for version in versions} == {"First version", "Eight"}
    assert exported[1]["versions"][1]["created_by"] == "Ann"
    assert "@" not in json.dumps(exported[1])


def test_below_another_parent_the_whole_stays_the_same(workspace, exported):
    there = make_workspace()
    other = make_recipe(there, name="Other", manifest=manifest_of(architecture="item_knn"))
    made = take(there, exported[1], parent=other, name="Mine")
    assert made.parent == other
    assert latest(made).effective_sha256 == exported[1]["versions"][1]["effective_sha256"]
    assert latest(made).manifest["pipeline"]["training"]["architecture"] == "popularity"


def test_without_its_parent_a_child_waits(exported):
    said = refused(lambda: take(make_workspace(), exported[1]))
    assert "inherits from 'Base', which is not here; import that first" in said["parent"]


def test_a_name_that_is_taken(workspace, exported):
    assert refused(lambda: take(workspace, exported[0]))["name"] == "there is a recipe 'Base' already; free is 'Base 2'"
    assert take(workspace, exported[0], name="Base 2").name == "Base 2"


def changed(document, *path_and_value):
    *path, value = path_and_value
    content = copy.deepcopy(document)
    target = content
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return content


def forged(document):
    """Someone edits the effective manifest and its hash, but not what the version says."""
    content = changed(document, "versions", 0, "effective", "pipeline", "training", "architecture", "ease")
    content["versions"][0]["effective_sha256"] = sha256_of(content["versions"][0]["effective"])
    return content


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        (lambda d: b"", "file", "no JSON"),
        (lambda d: b"\xff\xfe", "file", "UTF-8"),
        (lambda d: b"[]", "file", "no object"),
        (lambda d: b"[" * 200_000, "file", "too deep"),
        (lambda d: b'{"a": 1, "a": 2}', "file", "'a' is said twice"),
        (lambda d: b'{"a": NaN}', "file", "NaN"),
        (lambda d: b"{}", "file.kind", "accepted: 'mlopspro-recipe'"),
        (lambda d: changed(d, "format", 2), "file.format", "reads format 1"),
        (lambda d: changed(d, "family", "prices"), "file.family", "recommendation"),
        (lambda d: changed(d, "versions", []), "file.versions", "at least 1"),
        (lambda d: changed(d, "extra", 1), "file.extra", "not permitted"),
        (lambda d: changed(d, "versions", 0, "number", "1.0"), "file.versions.0.number", "three numbers"),
        (lambda d: changed(d, "versions", d["versions"] * 2), "file.versions.1.number", "is not above"),
        (lambda d: changed(d, "versions", 0, "effective", "metadata", "title", "x"),
         "file.versions.0.effective_sha256", "the file was changed"),
        (forged, "file.versions.0.manifest", "says something that its effective manifest does not hold"),
        (lambda d: changed(d, "level", "client"), "file.versions.0.inherits", "is left out"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_whole_with_its_place(exported, wrong, field, words):
    before = Recipe.objects.count()
    said = refused(lambda: take(make_workspace(), wrong(exported[0])))
    assert words in said.get(field, ""), said
    assert Recipe.objects.count() == before


def test_a_version_that_is_no_longer_accepted_imports_nothing(exported):
    content = copy.deepcopy(exported[0])
    newer = copy.deepcopy(content["versions"][0]) | {"number": "2.0.0"}
    newer["manifest"]["pipeline"]["training"]["architecture"] = "gone"
    newer["effective"]["pipeline"]["training"]["architecture"] = "gone"
    newer["effective_sha256"] = sha256_of(newer["effective"])
    content["versions"].append(newer)
    there = make_workspace()
    said = refused(lambda: take(there, content))
    assert "'gone' is not known" in said["file.versions.1.manifest.pipeline.training.architecture"]
    assert not RecipeVersion.objects.filter(recipe__workspace=there).exists()

"""Recipes over the API: made, changed, versioned, cloned, moved between workspaces; and what is refused."""

from __future__ import annotations

import json

import pytest

from experiments.models import Recipe
from experiments.services import recipes
from experiments.tests.api.conftest import Caller
from experiments.tests.recipes_made import latest, make_levels, make_recipe, manifest_of
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.testing.people import make_member, make_workspace

pytestmark = pytest.mark.django_db
ROOT = "/ml-development/recipes"


@pytest.fixture
def engineer(workspace):
    return Caller(make_member(workspace, Role.ENGINEER, name="Ann"), workspace, Scope.ADMIN)


def put(caller, path, body, **headers):
    return caller.client.put(f"/api{path}", body, content_type="application/json", headers=headers)


def errors(answer) -> dict[str, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {item["field"]: item["message"] for item in answer.json()["errors"]}


def test_from_a_draft_to_an_approved_version(engineer):
    made = engineer.post(ROOT, {"name": "Lists", "family": "recommendation", "manifest": manifest_of(), "tags": ["a"]})
    assert made.status_code == 201
    data = made.json()["data"]
    assert (data["status"], data["latest"], data["approved"], data["versions"]) == ("draft", "0.1.0", "", 1)
    version = data["latest_version"]
    assert version["origins"]["pipeline.training.architecture"] == "baseline"
    assert version["origins"]["pipeline.training.seed"] == "default"
    path = f"{ROOT}/{data['id']}"
    manifest = version["manifest"] | {"metadata": {"title": "Ours"}}
    body = {"manifest": manifest, "change_note": "A title", "number": "1.0.0", "expected_latest": "0.1.0"}
    saved = engineer.post(f"{path}/versions", body)
    assert saved.status_code == 201
    assert saved.json()["data"]["changes"] == [
        {"path": "metadata.title", "kind": "changed", "before": "", "after": "Ours"}
    ]
    again = engineer.post(f"{path}/versions", body | {"number": "1.0.1"})
    assert "Ann saved 1.0.0 after you opened 0.1.0" in errors(again)["expected_latest"]
    approved = engineer.post(f"{path}/versions/{saved.json()['data']['id']}/approve", {"note": "Good"})
    assert (approved.json()["data"]["status"], approved.status_code) == ("approved", 200)
    listed = engineer.get(f"{path}/versions").json()
    assert [item["number"] for item in listed["data"]] == ["1.0.0", "0.1.0"]


def test_lists_are_filtered_and_paged(caller, workspace):
    baseline, industry, client = make_levels(workspace, family="pricing")
    make_recipe(workspace, name="Lists", approved=False, tags=["web"])
    recipes.archive(client, actor=None)

    def names(query):
        answer = caller.get(f"{ROOT}?{query}").json()
        return answer["count"], {item["name"] for item in answer["data"]}

    assert names("family=pricing") == (2, {baseline.name, industry.name})
    assert names("level=industry") == (1, {industry.name})
    assert names("status=archived") == (1, {client.name})
    assert names("tag=web") == names("q=web") == names("status=draft") == (1, {"Lists"})
    assert names("status=all")[0] == 4
    assert len(caller.get(f"{ROOT}?limit=2&offset=1").json()["data"]) == 2
    assert "not known" in errors(caller.get(f"{ROOT}?family=recomendation"))["family"]
    assert "is not known here" in errors(caller.get(f"{ROOT}?famly=pricing"))["famly"]


def test_changes_need_the_state_that_was_read(engineer, workspace):
    path = f"{ROOT}/{make_recipe(workspace).pk}"
    tag = engineer.get(path).headers["ETag"]
    changed = put(engineer, path, {"name": "Other", "tags": ["x"]}, **{"If-Match": tag})
    assert (changed.json()["data"]["name"], changed.json()["data"]["tags"]) == ("Other", ["x"])
    stale = put(engineer, path, {"name": "Third"}, **{"If-Match": tag})
    assert (stale.status_code, "Somebody changed" in stale.json()["detail"]) == (412, True)
    assert put(engineer, path, {"name": "Third"}, **{"If-Match": changed.headers["ETag"]}).status_code == 200
    assert "not permitted" in errors(put(engineer, path, {"manifest": {}}))["changes.manifest"]


def test_only_drafts_that_nobody_uses_are_deleted(caller, engineer, workspace):
    baseline = make_recipe(workspace, name="Base", approved=False)
    make_recipe(workspace, level="client", parent=baseline, approved=False)
    editor = Caller(make_member(workspace, Role.SCIENTIST), workspace, Scope.RECIPES)
    refused = editor.client.delete(f"/api{ROOT}/{baseline.pk}")
    assert errors(refused)["recipe"] == "Base has a recipe below it; archive it instead"
    lonely = make_recipe(workspace, approved=False)
    assert caller.client.delete(f"/api{ROOT}/{lonely.pk}").status_code == 403
    assert editor.client.delete(f"/api{ROOT}/{lonely.pk}").status_code == 204
    assert editor.get(f"{ROOT}/{lonely.pk}").status_code == 404


def test_cloning_and_what_a_key_may_do(workspace):
    source = make_recipe(workspace, name="Source")
    editor = Caller(make_member(workspace, Role.ENGINEER), workspace, Scope.RECIPES)
    data = editor.post(f"{ROOT}/{source.pk}/clone", {"name": "Copy"}).json()["data"]
    assert (data["cloned_from"], data["status"], data["latest"]) == (str(source.pk), "draft", "0.1.0")
    taken = editor.post(f"{ROOT}/{source.pk}/clone", {"name": "Copy"})
    assert errors(taken)["name"] == "there is a recipe 'Copy' already; free is 'Copy 2'"
    version = data["latest_version"]["id"]
    assert editor.post(f"{ROOT}/{data['id']}/versions/{version}/approve", {}).status_code == 403
    reader = Caller(make_member(workspace, Role.ENGINEER), workspace, Scope.READ)
    assert reader.post(f"{ROOT}/{source.pk}/clone", {"name": "Third"}).status_code == 403


def test_an_export_is_what_an_import_reads(engineer, workspace):
    source = make_recipe(workspace, name="Source", manifest=manifest_of(architecture="item_knn"))
    exported = engineer.get(f"{ROOT}/{source.pk}/export")
    assert "attachment" in exported.headers["Content-Disposition"]
    there = make_workspace()
    other = Caller(make_member(there, Role.SCIENTIST), there, Scope.RECIPES)
    answer = other.post(f"{ROOT}/import?name=Ours", exported.json())
    assert answer.status_code == 201
    made = Recipe.objects.get(workspace=there)
    assert (made.name, made.status, latest(made).effective_sha256) == ("Ours", "draft", latest(source).effective_sha256)
    assert "no JSON" in errors(other.client.post(f"/api{ROOT}/import", "{", content_type="application/json"))["file"]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ('{"name": "a", "name": "b", "family": "pricing"}', "body", "said twice"),
        ('{"name": "a", "family": "pricing", "manifest": {"x": NaN}}', "body", "no number"),
        ('{"name": "a", "family": "pricing", "manifest": {"x": 1e999}}', "manifest.x", "finite"),
        (
            '{"name": "a", "family": "pricing", "manifest": {"metadata": {"title": "\\u0000"}}}',
            "manifest.metadata.title",
            "control",
        ),
        ('{"name": "a", "family": "prices"}', "family", "not known"),
        ('{"name": "a", "family": "pricing", "level": "client"}', "parent", "is left out"),
        ('{"name": "a", "family": "pricing", "manifest": []}', "manifest", "dictionary"),
        ('{"name": "a", "family": "pricing"}', "manifest.pipeline", "is left out"),
        ('{"family": "pricing"}', "name", "required"),
    ],
)
def test_bad_bodies_are_told_what_is_wrong(engineer, text, field, words):
    answer = engineer.client.post(f"/api{ROOT}", text, content_type="application/json")
    assert answer.status_code == 422, answer.content
    found = errors(answer)
    key = next(key for key in found if key.endswith(field))
    assert words in found[key]
    assert Recipe.objects.count() == 0


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, '{"a":' * 100_000, "\xff", "null", "1"])
def test_hostile_bodies_break_nothing(engineer, text):
    for path in (ROOT, f"{ROOT}/import"):
        answer = engineer.client.post(f"/api{path}", text, content_type="application/json")
        assert 400 <= answer.status_code < 500, (path, text[:10], answer.status_code)


def test_everything_wrong_with_a_manifest_is_said_at_once(engineer):
    manifest = {
        "pipeline": {
            "training": {"architecture": "hybrid", "parameters": {"epocs": 5}},
            "evaluation": {"metrics": {"demand.rmse_log": {"minimum": 2, "maximum": 1}}},
            "deployment": {"mode": "batch"},
        }
    }
    found = errors(engineer.post(ROOT, {"name": "a", "family": "pricing", "manifest": manifest}))
    assert set(found) == {
        "manifest.pipeline.training.architecture",
        "manifest.pipeline.evaluation.metrics.demand.rmse_log.minimum",
        "manifest.pipeline.deployment.schedule",
    }


def test_an_offered_upgrade_is_taken_up_by_a_version(engineer, workspace):
    baseline, industry, _ = make_levels(workspace)
    path = f"{ROOT}/{industry.pk}"
    assert engineer.get(path).json()["data"]["upgrade"] is None
    manifest = json.loads(json.dumps(latest(baseline).manifest)) | {"metadata": {"title": "New"}}
    newer = recipes.save_version(baseline, actor=None, manifest=manifest, change_note="title")
    assert engineer.get(path).json()["data"]["upgrade"] is None, "drafts are not offered"
    recipes.approve(newer, actor=None)
    upgrade = engineer.get(path).json()["data"]["upgrade"]
    assert (upgrade["current"], upgrade["offered"], upgrade["number"]) == ("0.1.0", "0.1.1", "0.1.1")
    assert [change["path"] for change in upgrade["changes"]] == ["metadata.title"]
    body = {"manifest": {}, "change_note": "Upgrade", "parent_version": upgrade["parent_version"]}
    taken = engineer.post(f"{path}/versions", body).json()["data"]
    assert (taken["effective"]["metadata"]["title"], taken["origins"]["metadata.title"]) == ("New", "baseline")
    assert engineer.get(path).json()["data"]["upgrade"] is None


def test_versions_of_other_workspaces_are_no_parents(engineer):
    theirs = make_recipe(make_workspace())
    body = {"name": "a", "family": "recommendation", "level": "client", "parent": str(theirs.pk)}
    assert "there is no recipe" in errors(engineer.post(ROOT, body))["parent"]
    own = make_recipe(Recipe.objects.get(pk=theirs.pk).workspace)
    assert engineer.get(f"{ROOT}/{own.pk}").status_code == 404

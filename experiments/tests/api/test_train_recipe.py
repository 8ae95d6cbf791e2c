"""POST /api/train from a recipe and of other kinds; becoming a version and going live need rights of their own."""

from __future__ import annotations

import pytest

from experiments.models import Experiment
from experiments.services import registry
from experiments.tests.api.conftest import Caller
from experiments.tests.api.test_train import fields
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.testing.people import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(workspace):
    manifest = manifest_of("recommendation", "item_knn", neighbours=7)
    manifest["requirements"] = {"min_history": {"rows": 10}}
    manifest["pipeline"]["evaluation"] = {"metrics": {"catalogue.ndcg_at_10": {"minimum": 0.99}}}
    return latest(make_recipe(workspace, manifest=manifest))


def test_the_recipe_says_what_is_done(caller, workspace, version):
    dataset = stored_dataset(workspace, "Small synthetic")
    asked = {"dataset": str(dataset.pk), "recipe_version": str(version.pk), "trackers": []}
    data = caller.post("/train", asked).json()["data"]
    assert (data["architecture"], data["parameters"]["neighbours"]) == ("item_knn", 7)
    assert data["recipe_version"] == str(version.pk)
    carried_out(Experiment.objects.get(pk=data["id"]))
    told = caller.get(f"/experiments/{data['id']}").json()["data"]
    assert [one["passed"] for one in told["thresholds"]] == [False]
    assert all(one["passed"] for one in told["data_checks"])
    judged = caller.post(
        "/train", {"dataset": str(dataset.pk), "run_type": "eval", "evaluates": data["id"], "trackers": []}
    )
    assert judged.json()["data"]["evaluates"] == data["id"]


def test_what_the_recipe_says_cannot_be_changed(caller, workspace, version):
    dataset = stored_dataset(workspace, "Small synthetic")
    asked = {"dataset": str(dataset.pk), "recipe_version": str(version.pk), "parameters": {"neighbours": 8}}
    answer = caller.post("/train", asked)
    assert answer.status_code == 422
    assert "parameters.neighbours" in fields(answer)


@pytest.mark.parametrize("role", [Role.SCIENTIST, Role.ENGINEER])
def test_becoming_a_version_needs_the_right_to_register(workspace, dataset, role):
    model = registry.create_model(workspace=workspace, actor=None, name="m", family="recommendation")
    caller = Caller(make_member(workspace, role), workspace, Scope.ADMIN)
    asked = {"dataset": str(dataset.pk), "architecture": "item_knn", "register_as": str(model.pk)}
    answer = caller.post("/train", asked | {"auto_promote": True})
    assert answer.status_code == (202 if role is Role.ENGINEER else 403)
    assert Experiment.objects.count() == (role is Role.ENGINEER)


def test_a_key_for_training_alone_registers_nothing(workspace, dataset):
    model = registry.create_model(workspace=workspace, actor=None, name="m", family="recommendation")
    caller = Caller(make_member(workspace, Role.ENGINEER), workspace, Scope.TRAIN)
    asked = {"dataset": str(dataset.pk), "architecture": "item_knn", "register_as": str(model.pk)}
    assert caller.post("/train", asked).status_code == 403

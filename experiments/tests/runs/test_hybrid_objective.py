"""A run's objective: the default changes no hash there is, and a recipe's objective holds."""

from __future__ import annotations

import pytest

from experiments.learning.recommenders.registry import get
from experiments.services import launch
from experiments.services.spec import LaunchSpec, Refused, config_hash, settings_hash
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.stored import stored_dataset

SPLIT = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42}
# Of the default hybrid, as it was written before there were objectives.
CONFIG = "db650b01684f154e7f0dac9e8fbc64305e1caf383e958c6edfcc9530754bef52"
SETTINGS = "379a6b114d72e56c06b7f1102ab7627dd4b83b29f9425ecbffad3988c360f59c"


def test_plain_hybrid_runs_keep_their_hashes():
    stored = get("hybrid").validate({}).model_dump(mode="json")
    plain = {"dataset_sha256": "ab" * 32, "architecture": "hybrid", "parameters": stored, "split": SPLIT}
    assert config_hash(**plain, seed=42) == CONFIG
    assert settings_hash(**plain) == SETTINGS
    joint = plain | {"parameters": get("hybrid").validate({"objective": "joint"}).model_dump(mode="json")}
    assert config_hash(**joint, seed=42) != CONFIG


@pytest.mark.parametrize(("said", "asked"), [({}, "joint"), ({"objective": "joint"}, "rating")])
def test_a_recipes_objective_is_not_changed_by_who_launches(workspace, said, asked):
    manifest = manifest_of("recommendation")
    manifest["pipeline"]["training"] = {"architecture": "hybrid", "parameters": said}
    version = latest(make_recipe(workspace, family="recommendation", manifest=manifest))
    base = {"dataset": stored_dataset(workspace, "Small").pk, "recipe_version": version.pk, "trackers": []}
    run = launch.launch(workspace=workspace, actor=None, spec=LaunchSpec.model_validate(base), through="api")
    assert run.parameters.get("objective") == said.get("objective")
    changed = LaunchSpec.model_validate(base | {"parameters": {"objective": asked}})
    with pytest.raises(Refused) as found:
        launch.launch(workspace=workspace, actor=None, spec=changed, through="api")
    assert [problem.field for problem in found.value.problems] == ["parameters.objective"]

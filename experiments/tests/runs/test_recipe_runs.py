"""A recipe version says what a run does; twice from the version alone gives the same hash and the same figures."""

from __future__ import annotations

import pytest

from experiments.models import Experiment, RecipeVersion
from experiments.recipes.thresholds import judged
from experiments.services import launch, recipe_launch, recipes
from experiments.services.spec import LaunchSpec, Refused
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member

FAMILIES = ["recommendation", "forecasting", "pricing", "next_best_action", "location_scoring"]


def data_of(workspace, family):
    return (
        stored_dataset(workspace, "Small synthetic") if family == "recommendation" else stored_table(workspace, family)
    )


def version_of(workspace, family="recommendation", **said) -> RecipeVersion:
    """``said``: parts of the pipeline."""
    manifest = manifest_of(family)
    for part, values in said.items():
        manifest["pipeline"].setdefault(part, {}).update(values)
    return latest(make_recipe(workspace, family=family, manifest=manifest))


def launched(version, dataset, **asked):
    return recipe_launch.launch_version(version, dataset=dataset, actor=None, trackers=[], **asked)


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_from_the_shipped_recipe_is_the_same_computation(workspace, family):
    recipe = next(one for one in recipes.seed_baselines(workspace) if one.family == family)
    version, dataset = latest(recipe), data_of(workspace, family)
    training = version.effective["pipeline"]["training"]
    first, second = (carried_out(launched(version, dataset)) for _ in range(2))
    assert first.status == second.status == "completed", first.failure_reason or second.failure_reason
    assert first.config_hash == second.config_hash
    assert first.metrics == second.metrics
    assert first.metrics
    assert first.recipe_version == version
    assert first.manifest == version.effective
    assert first.seed == training.get("seed", 42)


def test_the_manifest_is_what_runs(workspace):
    version = version_of(
        workspace,
        training={"architecture": "item_knn", "parameters": {"neighbours": 7}, "seed": 9},
        evaluation={
            "validation": {"method": "random", "test_share": 0.3, "seed": 5},
            "list_lengths": [5, 10],
            "relevant_from": 3.0,
        },
        feature_prep={"leave_out": ["age"], "rare_below": 3},
    )
    run = carried_out(launched(version, data_of(workspace, "recommendation")))
    assert run.status == "completed", run.failure_reason
    assert (run.architecture, run.parameters["neighbours"], run.seed) == ("item_knn", 7, 9)
    assert (run.split["method"], run.split["test_share"], run.split["seed"]) == ("random", 0.3, 5)
    assert run.preparation == {
        "features": {"leave_out": ["age"], "rare_below": 3},
        "evaluation": {"list_lengths": [5, 10], "relevant_from": 3.0},
    }
    stored = run.evaluation.protocols
    assert stored["catalogue"]["ks"] == [5, 10]
    assert stored["rated"]["relevant_from"] == 3.0


def test_a_plain_recipe_run_has_the_hash_of_the_same_run_without_recipe(workspace):
    version = version_of(workspace, training={"architecture": "item_knn"})
    dataset = data_of(workspace, "recommendation")
    run = launched(version, dataset)
    plain = launch.launch(
        workspace=workspace,
        actor=None,
        spec=LaunchSpec(dataset=dataset.pk, architecture="item_knn", trackers=[]),
        through="command",
    )
    assert run.preparation == {}
    assert run.config_hash == plain.config_hash


def test_features_that_are_left_out_are_not_learnt_from(workspace):
    dataset = data_of(workspace, "location_scoring")
    left_out = dataset.roles["numeric"]
    with_all = carried_out(launched(version_of(workspace, "location_scoring", training=RIDGE), dataset))
    fewer = version_of(workspace, "location_scoring", training=RIDGE, feature_prep={"leave_out": left_out})
    without = carried_out(launched(fewer, dataset))
    assert without.status == "completed", without.failure_reason
    assert without.dataset_statistics["numeric_features"] == 0
    assert without.metrics["spatial"]["rmse"] > with_all.metrics["spatial"]["rmse"]


RIDGE = {"architecture": "place_ridge"}


def refused(**kwargs):
    with pytest.raises(Refused) as found:
        launch.launch(through="command", **kwargs)
    return {problem.field: problem.message for problem in found.value.problems}


def test_what_the_recipe_says_may_be_repeated_and_not_changed(workspace):
    version = version_of(workspace, training={"architecture": "item_knn", "parameters": {"neighbours": 7}})
    dataset = data_of(workspace, "recommendation")
    base = {"dataset": dataset.pk, "recipe_version": version.pk, "trackers": []}
    same = LaunchSpec.model_validate(base | {"architecture": "item_knn", "parameters": {"neighbours": 7}})
    assert launch.launch(workspace=workspace, actor=None, spec=same, through="api").parameters["neighbours"] == 7
    for asked, field in (
        ({"parameters": {"neighbours": 8}}, "parameters.neighbours"),
        ({"architecture": "ease"}, "architecture"),
        ({"split": {"method": "random", "test_share": 0.5}}, "split.test_share"),
    ):
        found = refused(workspace=workspace, actor=None, spec=LaunchSpec.model_validate(base | asked))
        assert version.number in found[field], (asked, found)


def test_seed_name_and_tags_are_left_to_the_person(workspace):
    version = version_of(workspace, training={"architecture": "item_knn", "seed": 9})
    run = launched(version, data_of(workspace, "recommendation"), seed=3, name="mine", tags=["a"])
    assert (run.seed, run.name, run.tags) == (3, "mine", ["a"])


def test_data_of_another_family_is_refused(workspace):
    version = version_of(workspace, "location_scoring")
    spec = LaunchSpec(dataset=data_of(workspace, "recommendation").pk, recipe_version=version.pk, trackers=[])
    found = refused(workspace=workspace, actor=None, spec=spec)
    assert "location scoring" in found["dataset"]


def test_an_archived_recipe_is_not_launched_from_and_a_queued_run_goes_on(workspace):
    version = version_of(workspace)
    dataset = data_of(workspace, "recommendation")
    queued = launched(version, dataset)
    recipes.archive(version.recipe, actor=None, reason="replaced by another")
    with pytest.raises(Refused, match="archived"):
        launched(RecipeVersion.objects.get(pk=version.pk), dataset)
    assert carried_out(queued).status == "completed"


def test_a_draft_is_launched_by_who_may_edit_recipes_and_by_nobody_else(workspace):
    recipe = make_recipe(workspace, approved=False)
    version, dataset = latest(recipe), data_of(workspace, "recommendation")
    editor, reader = make_member(workspace, Role.SCIENTIST), make_member(workspace, Role.VIEWER)
    spec = LaunchSpec(dataset=dataset.pk, recipe_version=version.pk, trackers=[])
    assert launch.launch(workspace=workspace, actor=editor, spec=spec, through="api").recipe_version == version
    assert "draft" in refused(workspace=workspace, actor=reader, spec=spec)["recipe_version"]


def test_a_recipe_of_another_workspace_does_not_exist(workspace):
    from experiments.tests.factories import make_workspace

    version = version_of(make_workspace("other"))
    spec = LaunchSpec(dataset=data_of(workspace, "recommendation").pk, recipe_version=version.pk, trackers=[])
    assert "no recipe version" in refused(workspace=workspace, actor=None, spec=spec)["recipe_version"]


def with_requirements(workspace, family="recommendation", on_failure="stop", quality=None, **requirements):
    manifest = manifest_of(family)
    manifest["requirements"] = requirements
    manifest["pipeline"]["quality"] = {"on_failure": on_failure, **(quality or {})}
    return latest(make_recipe(workspace, family=family, manifest=manifest))


@pytest.mark.parametrize(
    ("requirements", "words"),
    [
        ({"min_history": {"rows": 1_000_000}}, "1,000,000"),
        ({"min_history": {"users": 1_000}}, "1,000"),
        ({"feature_sets": {"places": {"columns": ["postcode"]}}}, "postcode"),
    ],
)
def test_data_that_a_recipe_does_not_take_stops_the_run_with_the_sentence(workspace, requirements, words):
    version = with_requirements(workspace, **requirements)
    run = carried_out(launched(version, data_of(workspace, "recommendation")))
    assert (run.status, run.failure_kind) == ("failed", "bad_input")
    assert words in run.failure_reason
    assert version.number in run.failure_reason


def test_a_recipe_that_only_warns_goes_on_and_the_log_says_so(workspace):
    version = with_requirements(workspace, on_failure="warn", min_history={"rows": 1_000_000})
    run = carried_out(launched(version, data_of(workspace, "recommendation")))
    assert run.status == "completed"
    assert any("Data checks failed" in line for line in run.log_lines.values_list("message", flat=True))


def test_old_data_is_not_fresh(workspace):
    version = with_requirements(workspace, "forecasting", quality={"newest_within_days": 30})
    run = carried_out(launched(version, data_of(workspace, "forecasting")))
    assert run.status == "failed"
    assert "at most 30 days" in run.failure_reason


def test_thresholds_are_judged_on_the_figures_of_the_run(workspace):
    asked = {"catalogue.ndcg_at_10": {"minimum": 0.0}, "catalogue.recall_at_10": {"minimum": 1.0, "blocks": False}}
    version = version_of(workspace, evaluation={"metrics": asked})
    run = carried_out(launched(version, data_of(workspace, "recommendation")))
    rows = run.metric_values.filter(segment="all")
    found = {one.key: one for one in judged(run.manifest, {f"{row.protocol}.{row.name}": row.value for row in rows})}
    assert found["catalogue.ndcg_at_10"].passed is True
    assert (found["catalogue.recall_at_10"].passed, found["catalogue.recall_at_10"].blocks) == (False, False)
    assert judged(run.manifest, {})[0].passed is None


def test_an_evaluation_and_a_backtest_of_a_recipe(workspace):
    version = version_of(workspace, training={"architecture": "item_knn"})
    dataset = data_of(workspace, "recommendation")
    trained = carried_out(launched(version, dataset))
    again = carried_out(launched(version, dataset, run_type="backtest"))
    assert (again.status, again.split["method"]) == ("completed", "rolling_origin"), again.failure_reason
    spec = LaunchSpec(dataset=dataset.pk, run_type="eval", evaluates=trained.pk, trackers=[])
    judged_again = carried_out(launch.launch(workspace=workspace, actor=None, spec=spec, through="command"))
    assert judged_again.recipe_version == version
    assert judged_again.metrics == trained.metrics
    assert Experiment.objects.filter(evaluates=trained).count() == 1

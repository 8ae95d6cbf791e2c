"""Each baseline trains for real on its synthetic example and reaches its own thresholds there."""

from __future__ import annotations

import pytest

from experiments.jobs.context import JobContext
from experiments.jobs.lifecycle import claim
from experiments.learning.families import Family
from experiments.models import Dataset, Experiment, MetricValue, RecipeExample
from experiments.recipes.metric_keys import metric_keys
from experiments.recipes.thresholds import judged
from experiments.services import recipes, training
from experiments.services.recipe_examples import make_example
from experiments.services.spec import Refused
from experiments.tests.recipes_made import latest, make_recipe
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
SMALL = {"users": 120, "items": 60, "interactions": 3_000}


def trained(run: Experiment) -> Experiment:
    lease = claim(Experiment.KIND, run.pk)
    assert lease is not None
    training.run_experiment(JobContext(lease, Experiment.objects.get(pk=lease.pk)))
    return Experiment.objects.get(pk=run.pk)


@pytest.fixture
def workspace():
    return make_workspace()


SIZES: dict[str, dict[str, int]] = {
    "forecasting": {"shops": 2, "products": 3, "days": 400},
    "location_scoring": {"places": 800},
}
"""Smaller than the example is by itself where that takes a while."""


@pytest.mark.parametrize("family", list(Family))
def test_a_baseline_reaches_its_thresholds_on_its_example(workspace, family):
    recipe = next(item for item in recipes.seed_baselines(workspace) if item.family == family)
    example = make_example(recipe, actor=None, sizes=SIZES.get(family))
    assert len(example.sample_rows) == 20
    asked = latest(recipe).effective["requirements"]["feature_sets"].values()
    required = {role for item in asked if item["required"] for role in item["roles"]}
    assert required <= {column["role"] for column in example.schema}
    assert set(example.sample_rows[0]) <= {column["name"] for column in example.schema}
    assert example.truth["process"]
    run = trained(example.experiment)
    assert run.status == "completed", run.failure_reason
    values = MetricValue.objects.filter(experiment=run, segment="all")
    results = judged(run.manifest, {f"{item.protocol}.{item.name}": item.value for item in values})
    assert results
    assert all(result.passed for result in results), [(item.key, item.value, item.bounds) for item in results]
    known = set(metric_keys(family))
    assert {f"{item.protocol}.{item.name}" for item in values} <= known, "a threshold may name every figure of a run"


def test_asked_again_it_is_the_same_and_a_failed_run_is_launched_again(workspace):
    recipe = make_recipe(workspace)
    first = make_example(recipe, actor=None, sizes=SMALL)
    again = make_example(recipe, actor=None, sizes=SMALL)
    assert (again.pk, again.experiment_id, again.dataset_id) == (first.pk, first.experiment_id, first.dataset_id)
    assert (Dataset.objects.count(), Experiment.objects.count(), RecipeExample.objects.count()) == (1, 1, 1)
    Experiment.objects.update(status="failed", failure_reason="x", finished_at=first.created_at)
    assert make_example(recipe, actor=None, sizes=SMALL).experiment_id != first.experiment_id


def test_recipes_of_a_family_share_the_data_of_a_seed(workspace):
    one, other = (make_example(make_recipe(workspace), actor=None, sizes=SMALL, launch=False) for _ in range(2))
    assert one.dataset_id == other.dataset_id
    assert one.experiment is None
    assert make_example(one.recipe, actor=None, seed=1, sizes=SMALL, launch=False).dataset_id != one.dataset_id
    assert RecipeExample.objects.get(recipe=one.recipe).seed == 1


def test_a_newer_approved_version_gets_a_run_of_its_own(workspace):
    recipe = make_recipe(workspace)
    first = make_example(recipe, actor=None, sizes=SMALL).experiment
    manifest = latest(recipe).manifest
    manifest["pipeline"]["training"]["seed"] = 7
    version = recipes.save_version(recipe, actor=None, manifest=manifest, change_note="seed")
    assert make_example(recipe, actor=None, sizes=SMALL).experiment == first, "a draft changes nothing"
    recipes.approve(version, actor=None)
    run = make_example(recipe, actor=None, sizes=SMALL).experiment
    assert (run.seed, run.recipe_version_id) == (7, version.pk)


def test_what_cannot_be_made_is_refused(workspace):
    recipe = make_recipe(workspace)
    bad = ({"seed": -1}, "seed"), ({"sizes": {"users": -5}}, "sizes"), ({"sizes": {"x": 1}}, "sizes")
    for asked, field in bad:
        with pytest.raises(Refused) as error:
            make_example(recipe, actor=None, **asked)
        assert error.value.problems[0].field == field
    recipes.archive(recipe, actor=None)
    with pytest.raises(Refused, match="is archived"):
        make_example(recipe, actor=None, sizes=SMALL)

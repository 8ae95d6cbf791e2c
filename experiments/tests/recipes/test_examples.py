"""Each baseline trains for real on its synthetic example and reaches its own thresholds there."""

from __future__ import annotations

import pytest

from experiments.jobs.context import JobContext
from experiments.jobs.lifecycle import claim
from experiments.learning.families import Family
from experiments.models import Dataset, Experiment, MetricValue, RecipeExample
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


@pytest.mark.parametrize("family", list(Family))
def test_a_baseline_reaches_its_thresholds_on_its_example(workspace, family):
    recipe = next(item for item in recipes.seed_baselines(workspace) if item.family == family)
    example = make_example(recipe, actor=None)
    assert len(example.sample_rows) == 20
    assert {column["role"] for column in example.schema} >= {
        role
        for item in latest(recipe).effective["requirements"]["feature_sets"].values()
        if item["required"]
        for role in item["roles"]
    }
    assert example.truth["process"]
    run = trained(example.experiment)
    assert run.status == "completed", run.failure_reason
    values = MetricValue.objects.filter(experiment=run, segment="all")
    figures = {f"{item.protocol}.{item.name}": item.value for item in values}
    results = judged(run.manifest, figures)
    print(family, {r.key: r.value for r in results})
    assert results
    assert all(result.passed for result in results), [(r.key, r.value, r.bounds) for r in results]

"""The gate says what an independent calculation says, and never passes what it cannot judge."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.models import MetricValue
from experiments.services import registry
from experiments.services.gate import gate, known_gate
from experiments.services.model_fields import Changes
from experiments.tests.factories import make_dataset
from experiments.tests.registered import judged_run, judged_version, make_model
from experiments.tests.registry.conftest import scores


def in_production(version):
    """Rows alone: how it came there does not matter to the gate."""
    type(version).objects.filter(pk=version.pk).update(stage="production")
    return version


def manifest(**metrics):
    return {"pipeline": {"evaluation": {"metrics": metrics}}}


def test_without_a_version_in_production_there_is_nothing_to_beat(workspace):
    found = gate(judged_version(workspace, scores(0.3)))
    assert (found.state, found.passed, found.headline) == ("first", True, "catalogue.ndcg_at_10")


@pytest.mark.parametrize(("lead", "passed"), [(0.05, True), (0.004, False), (-0.05, False)])
def test_it_takes_enough_and_not_by_chance(workspace, lead, passed):
    """Against SciPy: the paired difference and its bootstrap interval over users."""
    old, new = scores(0.3, seed=1), scores(0.3 + lead, seed=2)
    live = in_production(judged_version(workspace, old))
    found = gate(judged_version(workspace, new))

    difference = new - old
    resampled = stats.bootstrap((difference,), np.mean, method="basic", n_resamples=4000, rng=5)
    low, high = resampled.confidence_interval
    width = high - low
    assert found.against == live.number
    assert found.units == 200
    assert found.difference == pytest.approx(difference.mean(), abs=1e-9)
    assert found.improvement == pytest.approx(difference.mean(), abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(low, abs=width * 0.15), pytest.approx(high, abs=width * 0.15))
    assert found.passed is passed
    assert passed == (difference.mean() >= 0.01 and low > 0)


def test_enough_but_perhaps_by_chance_is_not_passed(workspace):
    rng = np.random.default_rng(3)
    old = rng.uniform(0, 1, 60)
    new = np.clip(old + rng.normal(0.02, 0.4, 60), 0, 1)
    new += 0.03 - (new - old).mean()  # clearly more than 0.01, with noise that is larger
    in_production(judged_version(workspace, old))
    found = gate(judged_version(workspace, new))
    assert found.improvement > found.minimum
    assert found.low < 0 < found.high
    assert found.passed is False
    assert "may be chance" in found.sentence


def test_exactly_the_minimum_is_enough(workspace):
    old = scores(0.3, seed=1)
    in_production(judged_version(workspace, old))
    found = gate(judged_version(workspace, old + 0.01))
    assert found.improvement == pytest.approx(0.01)
    assert found.passed is True


def test_errors_are_compared_as_a_share_and_lower_is_better(workspace):
    """A log loss of 0.500 against 0.504 is better by 0.8 per cent: too little; 0.49 by 2.8 per cent: enough."""
    model = make_model(workspace, headline="pointwise.mae")
    for mean, passed in ((0.500, False), (0.490, True)):
        errors = np.random.default_rng(1).uniform(0, 2, 300)
        old, new = errors * (0.504 / errors.mean()), errors * (mean / errors.mean())
        data = make_dataset(workspace)
        for version in model.versions.filter(stage="production"):
            type(version).objects.filter(pk=version.pk).update(stage="archived")
        runs = [judged_run(workspace, values, metric="pointwise.absolute_error", dataset=data) for values in (old, new)]
        for run, values in zip(runs, (old, new), strict=True):
            _as_mae(run, values)
        in_production(registry.register(runs[0], actor=None, model=model))
        found = gate(registry.register(runs[1], actor=None, model=model))
        assert found.relative
        assert found.improvement == pytest.approx((0.504 - mean) / 0.504, rel=1e-6)
        assert found.difference < 0 < found.improvement
        assert found.passed is passed, found.sentence


def _as_mae(run, values):
    """Every user has one rating, so that the error per rating is the mean over users."""
    MetricValue.objects.filter(experiment=run).update(name="mae", value=values.mean(), higher_is_better=False)
    artifact = run.artifacts.get(name="per_user.parquet")
    table = pd.read_parquet(artifact.file)
    table["ratings"] = 1.0
    table.to_parquet(artifact.file, index=False)
    artifact.sha256 = hashlib.sha256(artifact.file.read_bytes()).hexdigest()
    artifact.save()


def test_a_version_of_the_same_figures_is_no_better(workspace):
    old = scores(0.3)
    in_production(judged_version(workspace, old))
    found = gate(judged_version(workspace, old))
    assert (found.passed, found.difference) == (False, 0)


def test_too_few_users_is_not_enough_data_and_not_passed(workspace):
    in_production(judged_version(workspace, scores(0.2, users=20)))
    found = gate(judged_version(workspace, scores(0.6, users=20)))
    assert (found.state, found.passed) == ("not_enough_data", None)
    assert "at least 30" in found.sentence


def test_other_test_rows_are_not_compared_and_the_missing_evaluation_is_named(workspace):
    live = in_production(judged_version(workspace, scores(0.3)))
    newer = make_dataset(workspace)
    version = judged_version(workspace, scores(0.6), dataset=newer)
    found = gate(version)
    assert (found.state, found.passed) == ("not_comparable", None)
    assert "used another dataset" in found.sentence
    assert found.offer is not None
    assert (found.offer.evaluates, found.offer.dataset) == (str(live.experiment_id), str(newer.pk))
    assert found.offer.split == version.split


def test_an_evaluation_of_production_on_the_candidates_data_settles_it(workspace):
    live = in_production(judged_version(workspace, scores(0.3)))
    newer = make_dataset(workspace)
    version = judged_version(workspace, scores(0.6), dataset=newer)
    evaluation = judged_run(
        workspace, scores(0.5, seed=9), dataset=newer, run_type="eval", evaluates=live.experiment, name="again"
    )
    found = gate(version)
    assert found.passed is True
    assert found.judged_run == str(evaluation.pk)
    assert found.difference == pytest.approx((scores(0.6) - scores(0.5, seed=9)).mean())


def test_an_evaluation_that_is_running_or_of_another_run_does_not_count(workspace):
    live = in_production(judged_version(workspace, scores(0.3)))
    newer = make_dataset(workspace)
    version = judged_version(workspace, scores(0.6), dataset=newer)
    judged_run(workspace, scores(0.1), dataset=newer, run_type="eval", evaluates=live.experiment, status="running")
    judged_run(workspace, scores(0.1), dataset=newer, run_type="eval", evaluates=version.experiment)
    assert gate(version).state == "not_comparable"


def test_thresholds_of_the_recipe_count_also_without_production(workspace):
    reached = {"catalogue.ndcg_at_10": {"minimum": 0.1}}
    missed = {"catalogue.ndcg_at_10": {"minimum": 0.9}}
    unmeasured = {"rated.f1_at_10": {"minimum": 0.1}}
    advice = {"catalogue.ndcg_at_10": {"minimum": 0.9, "blocks": False}}
    for metrics, passed in ((reached, True), (missed, False), (unmeasured, None), (advice, True)):
        version = judged_version(
            workspace, scores(0.3), f"model {passed} {len(str(metrics))}", manifest=manifest(**metrics)
        )
        found = gate(version)
        assert found.passed is passed, metrics
        assert found.state == "first"


def test_a_metric_that_production_lacks_is_not_compared(workspace):
    model = make_model(workspace, headline="catalogue.map_at_10")
    in_production(judged_version(workspace, scores(0.3), model))
    assert gate(judged_version(workspace, scores(0.6), model)).state == "not_comparable"


def test_the_headline_is_the_models_then_the_recipes_then_the_datas(workspace):
    evaluation = {"pipeline": {"evaluation": {"headline": "catalogue.map_at_10"}}}
    own = make_model(workspace, "own", headline="catalogue.recall_at_10")
    assert gate(judged_version(workspace, scores(0.3), own, manifest=evaluation)).headline == "catalogue.recall_at_10"
    assert gate(judged_version(workspace, scores(0.3), "recipe", manifest=evaluation)).headline == "catalogue.map_at_10"
    ranks = judged_version(workspace, scores(0.3), "ranks")
    assert gate(ranks).headline == "catalogue.ndcg_at_10", "it does not predict ratings"
    rates = judged_version(workspace, scores(0.3), "rates", metric="rated.f1_at_10")
    assert gate(rates).headline == "rated.f1_at_10"


def test_the_minimum_is_the_models(workspace):
    model = make_model(workspace)
    in_production(judged_version(workspace, scores(0.3, seed=1), model))
    version = judged_version(workspace, scores(0.35, seed=2), model)
    assert gate(version).passed is True
    registry.edit_model(model, actor=None, changes=Changes(minimum_improvement=0.5))
    assert gate(type(version).objects.get(pk=version.pk)).passed is False


def test_what_was_worked_out_is_known_and_nothing_else_is(workspace):
    in_production(judged_version(workspace, scores(0.3, seed=1)))
    version = judged_version(workspace, scores(0.4, seed=2))
    assert known_gate(version) is None
    judged = gate(version)
    assert known_gate(version) == judged


def test_a_run_without_metrics_is_not_judged(workspace):
    version = judged_version(workspace, scores(0.3))
    MetricValue.objects.all().delete()
    assert (gate(version).state, gate(version).passed) == ("not_measured", None)


def test_a_damaged_table_of_production_is_said_and_never_passed(workspace):
    live = in_production(judged_version(workspace, scores(0.3)))
    version = judged_version(workspace, scores(0.6))
    for file in (live.files.get(name="per_user.parquet"), live.experiment.artifacts.get(name="per_user.parquet")):
        file.file.unlink(missing_ok=True)
    found = gate(version)
    assert (found.state, found.passed) == ("not_comparable", None)
    assert "not on this machine" in found.sentence

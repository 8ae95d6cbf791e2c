"""Trials are judged on the validation part, by figures of their own, and the test part never decides."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.data.folds import folds
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import split
from experiments.learning.recommenders.base import Fitted  # noqa: F401  the scorer's own module
from experiments.models import EvaluationDetail, JobStatus, MetricValue, Search
from experiments.services import searches
from experiments.services.runs import stored_model
from experiments.services.spec import split_spec
from experiments.tests.runs.carried import carried_out
from experiments.tests.searches.driven import begun, runs_of, states_of, study_of, to_the_end
from experiments.tests.tables_stored import stored_table


def test_the_figure_is_that_of_the_validation_part(dataset):
    """Against a computation by hand: each user's top ten of all items outside their training part."""
    search = begun(dataset, trials=1, parallel=1, metric="catalogue.hit_rate_at_10")
    searches.advance(search)
    run = carried_out(runs_of(search)[0])
    interactions = read_snapshot(dataset.path)
    parts = split(interactions, split_spec(run.split))
    train, validation, _ = folds(interactions, parts)
    scorer, _ = stored_model.recommender_of(run)
    hits = []
    for user in np.unique(validation.user):
        relevant = set(validation.item[(validation.user == user) & (validation.value >= 4.0)].tolist())
        seen = train.item[train.user == user]
        if not relevant - set(seen.tolist()):
            continue
        scores = scorer.score_block(np.array([user], np.int32))[0].astype(float)
        scores[seen] = -np.inf
        top = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:10]
        hits.append(bool(relevant & set(top)))
    found = run.metric_values.get(protocol="validation", name="hit_rate_at_10")
    assert found.value == pytest.approx(np.mean(hits))
    assert found.value != run.metric_values.get(protocol="catalogue", name="hit_rate_at_10", segment="all").value
    assert EvaluationDetail.objects.get(experiment=run).protocols["validation"]["of"] == "catalogue"


def test_the_best_on_the_test_part_does_not_decide(dataset):
    from experiments.selectors.searches import state_of

    search = to_the_end(begun(dataset, trials=3, parallel=1))
    runs = runs_of(search)
    MetricValue.objects.filter(experiment=runs[0], protocol="catalogue").update(value=0.99)
    on_validation = {run.trial: run.metric_values.get(protocol="validation", name="ndcg_at_10").value for run in runs}
    best = state_of(search).best
    assert best is not None
    assert best.value == max(on_validation.values())


@pytest.mark.parametrize("family", ["forecasting", "pricing", "next_best_action", "location_scoring"])
def test_models_on_tables_are_judged_by_one_that_has_not_seen_the_validation_rows(workspace, family):
    architecture = {
        "forecasting": "lag_ridge",
        "pricing": "demand_boosting",
        "next_best_action": "action_logistic",
        "location_scoring": "place_ridge",
    }[family]
    name = "trees" if family == "pricing" else "regularization"
    space = {name: {"low": 5, "high": 40} if name == "trees" else {"low": 0.1, "high": 10, "log": True}}
    search = to_the_end(
        begun(stored_table(workspace, family), architecture=architecture, space=space, metric="", trials=1)
    )
    assert search.status == JobStatus.COMPLETED, search.reason
    (run,) = runs_of(search)
    protocol, _, metric = search.metric.partition(".")
    found = run.metric_values.get(protocol="validation", name=metric)
    assert np.isfinite(found.value)
    assert found.value != run.metric_values.get(protocol=protocol, name=metric, segment="all").value


def test_a_trial_is_pruned_at_an_epoch_and_told_so(dataset):
    """Four good trials, of which none can be pruned yet; then one that learns nothing."""
    search = begun(
        dataset,
        architecture="matrix_factorization",
        parameters={"epochs": 6, "early_stopping_patience": 0, "embedding_dim": 4},
        space={"regularization": {"low": 0.1, "high": 0.11}},
        metric="pointwise.rmse",
        trials=9,
        parallel=1,
    )
    assert search.pruner == "median"
    for _ in range(4):
        searches.advance(search)
        assert carried_out(runs_of(search)[-1]).status == JobStatus.COMPLETED
    Search.objects.filter(pk=search.pk).update(space={"regularization": {"low": 999.0, "high": 1000.0}})
    searches.advance(search)
    run = carried_out(runs_of(search)[-1])
    assert run.status == JobStatus.CANCELLED
    assert run.pruned_at_epoch is not None
    assert run.epochs.count() == run.pruned_at_epoch < 6
    assert "above the median" in run.failure_reason
    searches.advance(search)
    assert states_of(search)[4] == "PRUNED"
    with study_of(search) as study:
        assert study.get_trials()[4].intermediate_values[run.pruned_at_epoch] > 0


def test_a_search_that_is_maximised_prunes_high_losses_too(dataset):
    from experiments.services import search_study

    search = begun(
        dataset,
        trials=9,
        parallel=9,
        architecture="hybrid",
        pruner="median",
        space={"learning_rate": {"low": 0.001, "high": 0.01}},
    )
    searches.advance(search)
    with study_of(search) as study:
        trials = [search_study.trial_numbered(study, number) for number in range(6)]
        for number, trial in enumerate(trials[:5]):
            for epoch in (1, 2, 3):
                trial.report(-1.0 + 0.01 * number, epoch)
            study.tell(number, 0.5)
        for epoch in (1, 2, 3):
            trials[5].report(-5.0, epoch)
        assert trials[5].should_prune()

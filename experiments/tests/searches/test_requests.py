"""What a search is asked for: sensible without saying much, and refused field by field."""

from __future__ import annotations

import pytest

from experiments.models import Search
from experiments.services.search_request import SearchRequest
from experiments.services.spec import Refused
from experiments.tests.factories import make_dataset, make_workspace
from experiments.tests.searches.driven import SPACE, begun


@pytest.fixture
def ratings(db):
    return make_dataset(make_workspace())


def refused(dataset, **asked):
    with pytest.raises(Refused) as caught:
        begun(dataset, **asked)
    assert not Search.objects.exists()
    return {problem.field: problem.message for problem in caught.value.problems}


def test_a_search_keeps_what_its_trials_have_in_common(ratings):
    search = begun(ratings, parameters={"damping": 0.5}, trials=1, parallel=9)
    assert search.parameters["damping"] == 0.5
    assert search.parallel == 1
    assert search.space["neighbours"] == {"low": 5, "high": 200, "log": True}
    assert search.split["method"] in ("random", "time")


def test_everything_wrong_is_found_at_once(ratings):
    found = refused(
        ratings,
        metric="rated.nonsense",
        pruner="median",
        space={"neighbours": {"low": 9, "high": 5}, "unknown": {"low": 1, "high": 2}},
    )
    assert set(found) == {"space.neighbours.high", "space.unknown", "metric", "pruner"}
    assert "catalogue.ndcg_at_10" in found["metric"]
    assert "no validation curve" in found["pruner"]


def test_what_the_data_cannot_be_used_for_is_said_before_any_trial(ratings):
    ratings.has_timestamps = False
    ratings.save()
    space = {"learning_rate": {"low": 0.001, "high": 0.01}}
    assert "architecture" in refused(ratings, architecture="sasrec", space=space)


def test_a_parameter_that_means_nothing_beside_the_others_is_refused(ratings):
    space = {"ranking_weight": {"low": 0.1, "high": 1.0}}
    found = refused(ratings, architecture="hybrid", space=space, metric="pointwise.rmse")
    assert "means nothing" in found["space.ranking_weight"]


def test_pruning_suits_the_curve(ratings):
    rate = {"learning_rate": {"low": 0.001, "high": 0.01}}
    assert begun(ratings, architecture="hybrid", space=rate, metric="pointwise.rmse").pruner == "median"
    assert begun(ratings, architecture="hybrid", space=rate, metric="catalogue.ndcg_at_10").pruner == "none"
    both = rate | {"objective": {"choices": ["rating", "joint"]}}
    assert begun(ratings, architecture="hybrid", space=both, metric="pointwise.rmse").pruner == "none"


def test_the_usual_metric_is_what_the_architecture_learns(ratings):
    assert begun(ratings, architecture="item_knn", metric="").metric == "pointwise.rmse"
    search = begun(ratings, architecture="ease", space={"regularization": {"low": 1, "high": 1000}}, metric="")
    assert (search.metric, search.maximise) == ("catalogue.ndcg_at_10", True)


def test_unknown_fields_and_numbers_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="trials"):
        SearchRequest.model_validate({"dataset": "00000000-0000-0000-0000-000000000000", "space": SPACE, "trials": 0})

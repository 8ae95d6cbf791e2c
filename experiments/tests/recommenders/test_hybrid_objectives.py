"""The hybrid's objectives: rating as ever, ranking, and joint, whose pairs are ratings and whose lists rank apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import log_softmax

from experiments.learning.recommenders.base import ranks_apart
from experiments.learning.recommenders.mapped import MappedScorer
from experiments.learning.recommenders.registry import get
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.joint import JointScorer
from experiments.tests.recommenders.tiny import QUICK, Recorder, all_scores, fold, ratings, squared_error

AS_EVER = (
    "epochs",
    "learning_rate",
    "embedding_dim",
    "batch_size",
    "regularization",
    "biases",
    "early_stopping_patience",
    "negatives_per_positive",
)
OF_RANKING = ("ranking_regularization", "candidates")
NOT_OF_RANKING = {"regularization", "biases", "negatives_per_positive"}
SCALE = (1.0, 5.0)


def fit(data, observer=None, **changes):
    architecture = get("hybrid")
    parameters = architecture.validate(QUICK["hybrid"] | changes)
    return architecture.fit(data, parameters, seed=0, observer=observer or Recorder())


@pytest.fixture(scope="module")
def joint():
    data = ratings()
    return data, fit(data, objective="joint")


@pytest.mark.parametrize("given", [{}, {"objective": "rating"}, {"objective": "rating", "candidates": 9}])
def test_a_run_as_specified_is_stored_as_before_there_was_a_choice(given):
    assert tuple(get("hybrid").validate(given).model_dump(mode="json")) == AS_EVER


def test_what_means_nothing_under_an_objective_is_not_stored():
    def stored(objective):
        return set(get("hybrid").validate({"objective": objective}).model_dump(mode="json"))

    assert stored("joint") == {*AS_EVER, "objective", "ranking_weight", *OF_RANKING} - {"negatives_per_positive"}
    assert stored("ranking") == {*AS_EVER, "objective", *OF_RANKING} - NOT_OF_RANKING


@pytest.mark.parametrize("objective", ["ranking", "joint"])
def test_what_is_stored_says_the_objective_again(objective):
    parameters = get("hybrid").validate({"objective": objective, "epochs": 3})
    assert get("hybrid").validate(parameters.model_dump(mode="json")) == parameters


def test_a_joint_models_pairs_are_ratings_and_its_lists_are_not():
    data = dataclasses.replace(ratings(users=8, items=8, rows=24), validation=fold([], [], []))
    strong = {
        "epochs": 300,
        "learning_rate": 0.01,
        "batch_size": 8,
        "regularization": 1e-6,
        "ranking_regularization": 1e-6,
    }
    fitted = fit(data, objective="joint", **strong)
    scores = all_scores(fitted, data)
    assert fitted.predicts_ratings
    assert ranks_apart(fitted.scorer)
    assert squared_error(fitted, data.train) < 0.05  # its dropout stays on
    liked = np.zeros(scores.shape, bool)
    liked[data.train.user, data.train.item] = True
    assert all(
        scores[user, liked[user]].min() > scores[user, ~liked[user]].max() for user in np.unique(data.train.user)
    )


@pytest.mark.parametrize("candidates", [6, 20, 99])
@pytest.mark.parametrize(("objective", "share"), [("joint", 0.1), ("joint", 3.0), ("ranking", 1.0)])
def test_the_reported_validation_loss_is_what_is_minimised(objective, share, candidates):
    """The softmax by SciPy, user by user: over all items, or over the same drawn ones and the liked one."""
    data, seen = ratings(), Recorder()
    fitted = fit(data, seen, objective=objective, ranking_weight=share, candidates=candidates)
    drawn = np.random.default_rng([0, 2, 0]).integers(0, data.num_items, candidates, dtype=np.int32)
    scores, part = all_scores(fitted, data).astype(np.float64), data.validation
    weight = 0.2 + 0.8 * (part.value.astype(np.float64) - SCALE[0]) / (SCALE[1] - SCALE[0])
    of_users = []
    for user in np.unique(part.user):
        rows, losses = part.user == user, []
        for item in part.item[rows]:
            others = scores[user, drawn] + np.log(data.num_items / candidates)
            if candidates >= data.num_items:
                others = np.delete(scores[user], item)
            losses.append(-log_softmax(np.concatenate([[scores[user, item]], others]))[0])
        of_users.append(np.average(losses, weights=weight[rows]))
    expected = np.mean(of_users)
    if objective == "joint":
        expected = squared_error(fitted, part) + share * expected
    assert seen.epochs[4]["val_loss"] == pytest.approx(expected, rel=1e-5)


def test_an_untrained_head_ranks_as_popularity_does():
    data = ratings()
    data = dataclasses.replace(data, item_features=np.zeros((data.num_items, 0), np.float32))
    scores = all_scores(fit(data, objective="ranking", epochs=1, learning_rate=1e-6), data)
    count = np.bincount(data.train.item, minlength=data.num_items)
    popular = np.argsort(-count, kind="stable")
    assert np.array_equal(np.sort(count[np.argsort(-scores[0])][:5]), np.sort(count[popular][:5]))


def test_events_hold_no_ratings_so_joint_learns_to_rank_alone():
    data = ratings(feedback="implicit")
    fitted = fit(data, objective="joint")
    assert not fitted.predicts_ratings
    assert not ranks_apart(fitted.scorer)
    assert np.array_equal(all_scores(fitted, data), all_scores(fit(data, objective="ranking"), data))


def test_a_cold_user_is_given_mean_ratings_and_the_mean_list(joint):
    data, fitted = joint
    warm = np.unique(data.train.user).astype(np.int32)
    items = np.arange(data.num_items, dtype=np.int32)
    mapped = MappedScorer(fitted.scorer, np.array([-1, 3], np.int32), items, warm)
    user, item = (axis.ravel().astype(np.int32) for axis in np.indices((data.num_users, data.num_items)))
    rated = fitted.scorer.score_pairs(user, item).reshape(data.num_users, -1)
    assert mapped.score_pairs(np.zeros_like(items), items) == pytest.approx(rated[warm].mean(axis=0), abs=1e-5)
    assert mapped.score_pairs(np.ones_like(items), items) == pytest.approx(rated[3], abs=1e-5)
    block = mapped.score_block(np.array([0, 1], np.int32))
    assert block[0] == pytest.approx(fitted.scorer.score_block(warm).mean(axis=0), abs=1e-5)
    assert block[1] == pytest.approx(all_scores(fitted, data)[3], abs=1e-5)


def test_two_heads_of_different_sizes_are_refused(joint):
    _, fitted = joint
    assert isinstance(fitted.scorer, JointScorer)
    ranking = FactorScorer(
        user_factors=np.ones((2, 3), np.float32),
        item_factors=np.ones((4, 3), np.float32),
        user_bias=np.zeros(2, np.float32),
        item_bias=np.zeros(4, np.float32),
        offset=0.0,
    )
    with pytest.raises(ScorerError, match=r"\(2, 4\) users and items; accepted: \(30, 20\)"):
        JointScorer(fitted.scorer.rating, ranking)

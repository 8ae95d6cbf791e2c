"""BPR: its gradient by finite differences, its steps by the formula, and what its samples may never be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.learning.recommenders.pairwise import PairwiseRanker, bpr_step
from experiments.learning.recommenders.positives import PositiveParameters, liked
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import Recorder, fold, ratings


def triples(count=5, size=4):
    generator = np.random.default_rng(0)
    user, item, other = (generator.normal(size=(count, size)) for _ in range(3))
    user[:, -1] = 1
    return user, item, other, generator.uniform(0.2, 1, count)


def penalised(user, item, other, weight, ridge):
    margin = np.sum(user[:, :-1] * (item - other)[:, :-1], axis=1) + item[:, -1] - other[:, -1]
    loss = -weight * np.log(1 / (1 + np.exp(-margin)))
    return np.sum(loss) + ridge / 2 * (np.sum(user[:, :-1] ** 2) + np.sum(item**2) + np.sum(other**2))


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_gradient_is_that_of_the_objective_by_finite_differences(ridge):
    *vectors, weight = triples()
    step = bpr_step(*vectors, weight, ridge)
    for place, gradient in enumerate((step.user, step.liked, step.other)):
        for at in np.ndindex(gradient.shape):
            if place == 0 and at[1] == gradient.shape[1] - 1:
                assert gradient[at] == 0
                continue
            values = []
            for move in (1e-5, -1e-5):
                moved = [array.copy() for array in vectors]
                moved[place][at] += move
                values.append(penalised(*moved, weight, ridge))
            assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-7)


def test_the_loss_is_stable_where_margins_are_huge():
    user, item = np.array([[1000.0, 1.0]]), np.array([[1.0, 0.0]])
    step = bpr_step(user, -item, item, np.ones(1), 0.0)
    assert step.loss[0] == pytest.approx(2000)
    assert np.isfinite(step.user).all()
    assert bpr_step(user, item, -item, np.ones(1), 0.0).loss[0] == 0


def learner(data, **changes):
    chosen = {"size": 3, "regularization": 0.1, "candidates": 1, "batch_size": 10_000, "seed": 0} | changes
    return PairwiseRanker(liked(data, PositiveParameters()), **chosen)


def test_a_step_is_adagrads_and_rows_met_more_than_once_add_up():
    """One user likes items 0 and 1 and has not met item 2: both triples of the batch are known."""
    data = dataclasses.replace(
        ratings(users=1, items=3, rows=1), train=fold([0, 0], [0, 1], [5, 3]), validation=fold([], [], [])
    )
    model = learner(data)
    user, item = model.user.copy(), model.item.copy()
    step = bpr_step(user[[0, 0]], item[[0, 1]], item[[2, 2]], np.array([1.0, 0.6]), 0.1)
    model.train_epoch(1, 0.05)
    for before, after, gradient in [
        (user[0], model.user[0], step.user.sum(axis=0)),
        (item[0], model.item[0], step.liked[0]),
        (item[1], model.item[1], step.liked[1]),
        (item[2], model.item[2], step.other.sum(axis=0)),
    ]:
        assert after == pytest.approx(before - 0.05 * gradient / np.sqrt(1e-8 + gradient**2), abs=1e-5)


@pytest.mark.parametrize("candidates", [1, 6])
def test_what_was_liked_is_never_learnt_from_as_the_other(candidates):
    data = ratings(feedback="implicit")
    model = learner(data, candidates=candidates)
    seen = set(zip(data.train.user.tolist(), data.train.item.tolist(), strict=True))
    other, found = model._hardest(data.train.user, np.random.default_rng(0))
    assert found.all()
    assert not seen & set(zip(data.train.user.tolist(), other.tolist(), strict=True))


def test_of_several_candidates_the_one_scored_highest_is_taken():
    data = ratings(feedback="implicit")
    model = learner(data, candidates=500)
    model.train_epoch(1, 0.1)
    user = np.unique(data.train.user)
    other, _ = model._hardest(user, np.random.default_rng(0))
    scores = model.user @ model.item.T
    scores[data.train.user, data.train.item] = -np.inf
    assert other.tolist() == scores[user].argmax(axis=1).tolist()


def test_a_user_who_likes_everything_teaches_nothing_and_breaks_nothing():
    data = dataclasses.replace(
        ratings(users=1, items=2, rows=1), train=fold([0, 0], [0, 1], [4, 5]), validation=fold([0], [1], [3])
    )
    model = learner(data)
    assert model.train_epoch(1, 0.1) == 0.0
    assert model.validation_loss() is None


def test_losses_start_near_a_coin_toss_and_fall():
    seen = Recorder()
    architecture = get("bpr")
    parameters = architecture.validate({"epochs": 30, "batch_size": 32, "candidates": 1, "learning_rate": 0.05})
    architecture.fit(ratings(), parameters, seed=0, observer=seen)
    losses = [values["train_loss"] for values in seen.epochs.values()]
    assert losses[0] == pytest.approx(np.log(2), abs=0.15)
    assert losses[-1] < 0.7 * losses[0]
    assert {values["learning_rate"] for values in seen.epochs.values()} == {0.05}

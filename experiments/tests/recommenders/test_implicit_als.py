"""Implicit ALS against its objective, solved the slow way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from experiments.learning.recommenders.als import ImplicitALS
from experiments.learning.recommenders.positives import PositiveParameters, liked
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import Recorder, all_scores, ratings

RIDGE, CONFIDENCE = 0.7, 3.0


@pytest.fixture
def scene():
    """(learner, preference, confidence of every pair)."""
    data = liked(ratings(), PositiveParameters())
    weight = np.zeros((data.num_users, data.num_items))
    weight[data.train.user, data.train.item] = data.train.value
    learner = ImplicitALS(data, size=4, ridge=RIDGE, confidence=CONFIDENCE, seed=0)
    return learner, (weight > 0).astype(float), 1 + CONFIDENCE * weight


def objective(learner, preference, confidence):
    error = preference - learner.user @ learner.item.T
    return np.sum(confidence * error**2) + RIDGE * (np.sum(learner.user**2) + np.sum(learner.item**2))


def brute_force(fixed, preference, confidence):
    """Every vector by least squares over all pairs, seen or not, the ridge as extra rows."""
    size = fixed.shape[1]
    rows = []
    for wants, sure in zip(preference, confidence, strict=True):
        root = np.sqrt(sure)
        design = np.vstack([fixed * root[:, None], np.sqrt(RIDGE) * np.eye(size)])
        rows.append(np.linalg.lstsq(design, np.concatenate([wants * root, np.zeros(size)]), rcond=None)[0])
    return np.array(rows)


def test_the_objective_never_rises_from_half_step_to_half_step(scene):
    learner, preference, confidence = scene
    learner.solve_users()
    values = [objective(*scene)]
    for _ in range(6):
        for half in (learner.solve_items, learner.solve_users):
            half()
            values.append(objective(learner, preference, confidence))
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(values))
    assert values[-1] < 0.9 * values[0]


def test_each_half_step_is_the_solution_by_least_squares_over_all_pairs(scene):
    learner, preference, confidence = scene
    learner.solve_users()
    assert learner.user == pytest.approx(brute_force(learner.item, preference, confidence), abs=1e-9)
    learner.solve_items()
    assert learner.item == pytest.approx(brute_force(learner.user, preference.T, confidence.T), abs=1e-9)


def test_events_give_what_matrix_factorisation_gives_for_them():
    """Both stand on one learner; only the words of the parameters differ."""
    data = ratings(feedback="implicit")
    shared = {"epochs": 3, "embedding_dim": 5, "confidence": 5, "early_stopping_patience": 0}
    one, other = get("implicit_als"), get("matrix_factorization")
    ours = one.fit(data, one.validate(shared | {"regularization": 2}), seed=0, observer=Recorder())
    theirs = other.fit(data, other.validate(shared | {"implicit_regularization": 2}), seed=0, observer=Recorder())
    assert np.array_equal(all_scores(ours, data), all_scores(theirs, data))


def test_the_reported_loss_is_that_of_liked_pairs_against_unseen_ones():
    data = ratings()
    seen = Recorder()
    architecture = get("implicit_als")
    architecture.fit(data, architecture.validate({"epochs": 12, "regularization": 1}), seed=0, observer=seen)
    losses = [values["train_loss"] for values in seen.epochs.values()]
    assert 0 < losses[-1] < losses[0] < 1

"""Popularity, neighbours and factorisation against what their papers say, computed the slow way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.learning.recommenders.als import ExplicitALS, ImplicitALS
from experiments.learning.recommenders.biases import damped_biases
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.positives import with_log_strengths
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import Recorder, all_scores, ratings


def fit(key, data, **parameters):
    architecture = get(key)
    return architecture.fit(data, architecture.validate(parameters), seed=0, observer=Recorder())


def rows(data):
    train = data.train
    return list(zip(train.user.tolist(), train.item.tolist(), train.value.tolist(), strict=True))


def test_popularity_counts_and_damped_means():
    data = ratings()
    counted = all_scores(fit("popularity", data), data)[3]
    averaged = fit("popularity", data, score="damped_mean", damping=2)
    mean = np.mean([value for _, _, value in rows(data)])
    for item in range(data.num_items):
        values = [value for _, i, value in rows(data) if i == item]
        assert counted[item] == len(values)
        expected = (sum(values) + 2 * mean) / (len(values) + 2)
        assert all_scores(averaged, data)[0, item] == pytest.approx(expected, abs=1e-5)
    assert averaged.predicts_ratings


def test_popularity_without_damping_gives_unrated_items_the_mean():
    data = ratings()
    scores = all_scores(fit("popularity", data, score="damped_mean", damping=0), data)
    assert scores[0, 0] == pytest.approx(float(data.train.value.mean()), abs=1e-5)


def test_mean_ratings_of_implicit_data_are_refused():
    with pytest.raises(UnusableData, match=r"'damped_mean'.*accepted for implicit feedback: 'count'"):
        fit("popularity", ratings(feedback="implicit"), score="damped_mean")


def test_explicit_neighbours_are_the_formula_term_by_term():
    data = ratings()
    shrinkage, power, damping = 3.0, 1.5, 0.2
    scores = all_scores(
        fit("item_knn", data, neighbours=100, shrinkage=shrinkage, amplification=power, damping=damping), data
    )
    biases = damped_biases(data)
    residual = {(u, i): v - biases.offset - biases.user[u] - biases.item[i] for u, i, v in rows(data)}

    def similarity(i, j):
        both = [u for u in range(data.num_users) if (u, i) in residual and (u, j) in residual]
        top = sum(residual[u, i] * residual[u, j] for u in both)
        norm = np.sqrt(sum(residual[u, i] ** 2 for u in both) * sum(residual[u, j] ** 2 for u in both))
        return max(top / norm * len(both) / (len(both) + shrinkage), 0) ** power if both and norm else 0.0

    for item in range(data.num_items):
        weights = {j: similarity(item, j) for j in range(data.num_items) if j != item}
        for user in range(data.num_users):
            rated = [j for j in weights if (user, j) in residual]
            top = sum(weights[j] * residual[user, j] for j in rated)
            total = sum(weights[j] for j in rated) + damping
            expected = biases.offset + biases.user[user] + biases.item[item] + top / total
            assert scores[user, item] == pytest.approx(expected, abs=1e-4)


def test_the_most_similar_items_are_the_ones_kept():
    data = ratings()
    every = fit("item_knn", data, neighbours=data.num_items).scorer
    few = fit("item_knn", data, neighbours=4).scorer
    assert few.neighbour_weight == pytest.approx(-np.sort(-every.neighbour_weight, axis=1)[:, :4])
    for item in range(data.num_items):
        weight = dict(zip(every.neighbour_item[item].tolist(), every.neighbour_weight[item].tolist(), strict=True))
        assert [weight[j] for j in few.neighbour_item[item].tolist()] == few.neighbour_weight[item].tolist()


def test_implicit_neighbours_sum_cosines():
    data = ratings(feedback="implicit")
    scores = all_scores(fit("item_knn", data, neighbours=20, shrinkage=0, amplification=1), data)
    met = np.zeros((data.num_users, data.num_items))
    met[data.train.user, data.train.item] = 1
    norm = np.maximum(np.linalg.norm(met, axis=0), 1e-12)
    cosine = met.T @ met / np.outer(norm, norm)
    np.fill_diagonal(cosine, 0)
    assert scores == pytest.approx(met @ cosine, abs=1e-5)


def objective(data, learner, ridge):
    total = 0.0
    for u, i, v in rows(data):
        bias = learner.user_bias[u] + learner.item_bias[i]
        error = v - learner.offset - bias - learner.user[u] @ learner.item[i]
        held = np.sum(learner.user[u] ** 2) + np.sum(learner.item[i] ** 2)
        total += error**2 + ridge * (held + learner.user_bias[u] ** 2 + learner.item_bias[i] ** 2)
    return total


def implicit_objective(data, learner, ridge, confidence):
    met = np.zeros((data.num_users, data.num_items))
    met[data.train.user, data.train.item] = data.train.value
    weight = 1 + confidence * np.log1p(met)
    error = (met > 0) - learner.user @ learner.item.T
    return np.sum(weight * error**2) + ridge * (np.sum(learner.user**2) + np.sum(learner.item**2))


def assert_items_are_at_a_minimum(learner, value):
    """The items were solved last: any step from where they are makes the objective worse."""
    here = value()
    generator = np.random.default_rng(0)
    kept = learner.item.copy()
    for _ in range(20):
        learner.item[1:] = kept[1:] + 1e-3 * generator.normal(size=kept[1:].shape)
        assert value() > here
    learner.item[:] = kept


def test_explicit_factors_minimise_the_weighted_ridge_objective():
    data = ratings()
    learner = ExplicitALS(data, size=3, ridge=0.1, seed=0)
    values = []
    for epoch in range(1, 6):
        learner.train_epoch(epoch, None)
        values.append(objective(data, learner, 0.1))
    assert values == sorted(values, reverse=True)
    assert_items_are_at_a_minimum(learner, lambda: objective(data, learner, 0.1))


def test_implicit_factors_minimise_the_confidence_weighted_objective():
    data = ratings(feedback="implicit")
    strengths = np.random.default_rng(0).integers(1, 9, len(data.train)).astype(np.float32)
    data = dataclasses.replace(data, train=dataclasses.replace(data.train, value=strengths))
    learner = ImplicitALS(with_log_strengths(data), size=3, ridge=0.5, confidence=5, seed=0)
    values = []
    for epoch in range(1, 6):
        learner.train_epoch(epoch, None)
        values.append(implicit_objective(data, learner, 0.5, 5))
    assert values == sorted(values, reverse=True)
    assert_items_are_at_a_minimum(learner, lambda: implicit_objective(data, learner, 0.5, 5))

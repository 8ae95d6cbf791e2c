"""EASE against its closed form written out, and against the conditions that its minimum must meet."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.learning.recommenders import item_weights
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.registry import get
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.linear import LinearScorer
from experiments.tests.recommenders.tiny import Recorder, all_scores, fold, ratings


def fit(data, observer=None, **parameters):
    architecture = get("ease")
    return architecture.fit(data, architecture.validate(parameters), seed=0, observer=observer or Recorder())


def weights_of(data, lowest=0.2):
    """Dense matrix of what users liked."""
    found = np.zeros((data.num_users, data.num_items))
    value = lowest + (1 - lowest) * (data.train.value.astype(float) - 1) / 4 if data.feedback == "explicit" else 1.0
    found[data.train.user, data.train.item] = value
    return found


@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
@pytest.mark.parametrize("strip", [3, 512])
def test_it_is_the_closed_form(feedback, strip, monkeypatch):
    monkeypatch.setattr(item_weights, "_ROWS_AT_ONCE", strip)
    data = ratings(feedback=feedback)
    x = weights_of(data)
    inverse = np.linalg.inv(x.T @ x + 5 * np.eye(data.num_items))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    known = np.unique(data.train.user)
    scores = all_scores(fit(data, regularization=5), data)
    assert scores[known] == pytest.approx((x @ expected)[known], abs=1e-5)


def test_the_diagonal_is_zero_and_the_gradient_vanishes_everywhere_else():
    """KKT: 2·(Gram·B − Gram + λB) is 0 off the diagonal; on it stands the multiplier of the constraint."""
    data = ratings()
    scorer = fit(data, regularization=5).scorer
    x = weights_of(data)[:, scorer.items]
    gram, weights = x.T @ x, scorer.weights.astype(np.float64)
    assert np.diag(weights).tolist() == [0] * len(weights)
    gradient = gram @ weights - gram + 5 * weights
    off = ~np.eye(len(weights), dtype=bool)
    assert np.abs(gradient[off]).max() < 1e-4
    assert np.abs(np.diag(gradient)).min() > 0.1


def test_the_strength_of_events_does_not_count():
    data = ratings(feedback="implicit")
    strong = dataclasses.replace(data, train=dataclasses.replace(data.train, value=data.train.value * 90))
    assert np.array_equal(all_scores(fit(data), data), all_scores(fit(strong), data))


def test_a_repeated_event_counts_once():
    data = ratings(feedback="implicit")
    train = data.train
    twice = fold(np.tile(train.user, 2), np.tile(train.item, 2), np.tile(train.value, 2))
    repeated = dataclasses.replace(data, train=twice)
    assert np.array_equal(all_scores(fit(data), data), all_scores(fit(repeated), data))


def test_a_catalogue_too_large_is_refused_before_memory_is_asked_for():
    item_weights.check_memory(16_384)
    words = r"16,385 items .*2.0 GiB; accepted: at most 16,384 items \(2 GiB\). Take implicit_als or bpr"
    with pytest.raises(UnusableData, match=words):
        item_weights.check_memory(16_385)


def test_only_items_that_somebody_liked_are_counted(monkeypatch):
    data = ratings()
    used = len(np.unique(data.train.item))
    assert used < data.num_items
    monkeypatch.setattr(item_weights, "MAX_GRAM_BYTES", 8 * used * used)
    seen = Recorder()
    fit(data, seen)
    assert seen.started["total_parameters"] == used * (used - 1)
    monkeypatch.setattr(item_weights, "MAX_GRAM_BYTES", 8 * used * used - 1)
    with pytest.raises(UnusableData, match=f"{used} items .*accepted: at most {used - 1} items"):
        fit(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"items": np.array([1, 0], np.int32)}, "items do not ascend"),
        ({"items": np.array([0, 9], np.int32)}, "items holds the code 9; accepted: 0 to 2"),
        ({"weights": np.zeros((2, 3), np.float32)}, r"weights has shape \(2, 3\); accepted: \(2, 2\)"),
        ({"weights": np.full((2, 2), np.inf, np.float32)}, "weights holds NaN or infinity"),
        ({"history_item": np.array([5], np.int32)}, "history_item holds the code 5"),
        ({"history_start": np.array([1, 1], np.int64)}, "history_start falls or does not start at 0"),
        ({"history_value": np.ones(2, np.float32)}, r"history_value has shape \(2,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(change, words):
    arrays = {
        "items": np.array([0, 2], np.int32),
        "weights": np.zeros((2, 2), np.float32),
        "history_start": np.array([0, 1], np.int64),
        "history_item": np.array([0], np.int32),
        "history_value": np.ones(1, np.float32),
    }
    LinearScorer(arrays, num_items=3)
    with pytest.raises(ScorerError, match=words):
        LinearScorer(arrays | change, num_items=3)

"""The synthetic data: as large as asked, the same for the same seed, a long tail, and structure that can be learned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.findings import findings
from experiments.learning.data.fingerprint import fingerprint
from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.statistics import long_tail
from experiments.learning.data.synthetic import DAYS, generate


@pytest.fixture(scope="module")
def data():
    return generate()


def test_default_sizes_and_shape(data):
    assert (len(data), data.num_users, data.num_items, data.scale) == (50_000, 1_000, 500, (1.0, 5.0))
    assert set(np.unique(data.value)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert len(np.unique(data.user.astype(np.int64) * 500 + data.item)) == 50_000
    assert np.bincount(data.user).min() >= 20
    days = (data.timestamp.max() - data.timestamp.min()) / 86_400
    assert 500 < days <= DAYS
    assert len(set(data.items["title"])) == 500
    assert {len(genres) for genres in data.items["genres"]} == {1, 2, 3}
    assert 0.25 < long_tail(np.bincount(data.item))["head"]["0.1"] < 0.5
    assert findings(data) == []


def test_the_same_seed_gives_the_same_data_and_another_does_not():
    assert fingerprint(generate(3, 30, 40, 300)) == fingerprint(generate(3, 30, 40, 300))
    assert fingerprint(generate(3, 30, 40, 300)) != fingerprint(generate(4, 30, 40, 300))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), users=st.integers(2, 25), items=st.integers(2, 25), fill=st.floats(0, 1))
def test_any_size_is_met_exactly(seed, users, items, fill):
    wanted = round(max(users, items) + fill * (users * items - max(users, items)))
    data = generate(seed, users, items, wanted)
    assert len(data) == wanted
    assert np.bincount(data.user, minlength=users).min() >= 1
    assert np.bincount(data.item, minlength=items).min() >= 1
    assert len(np.unique(data.user.astype(np.int64) * items + data.item)) == wanted
    assert (data.user_ids[1:] > data.user_ids[:-1]).all()


@pytest.mark.parametrize("sizes", [(1, 10, 10), (10, 1, 10), (10, 10, 5), (10, 10, 101), (100_000, 100_000, 200_000)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(DatasetError, match="Accepted:"):
        generate(0, *sizes)


def rated_at_10(test, predicted, cut):
    """Precision, recall and F1 of the rated protocol (decision D2), written from its definition."""
    precisions, recalls = [], []
    for user in np.unique(test.user):
        rows = np.flatnonzero(test.user == user)
        relevant = test.value[rows] >= 4
        if not relevant.any():
            continue
        top = np.argsort(-predicted[rows], kind="stable")[:10]
        recommended = predicted[rows][top] >= cut
        hits = (relevant[top] & recommended).sum()
        precisions.append(hits / recommended.sum() if recommended.any() else 0.0)
        recalls.append(hits / relevant.sum())
    precision, recall = np.mean(precisions), np.mean(recalls)
    return 2 * precision * recall / (precision + recall), precision


def best(validation, test, on_validation, on_test):
    cuts = np.quantile(on_validation, np.linspace(0, 0.9, 25))
    cut = max(cuts, key=lambda cut: rated_at_10(validation, on_validation, cut)[0])
    return rated_at_10(test, on_test, cut)


def passes(f1, precision):
    return f1 >= 0.75 and precision >= 0.70


def test_a_sound_model_passes_the_gate_and_simple_ones_do_not(data):
    """A ridge regression on user x (item features) stands for a sound model: linear tastes, nothing tuned."""
    parts = split(data, SplitSpec())
    training = training_data(data, parts)
    train, validation, test = folds(data, parts)
    features = np.column_stack([training.item_features, np.ones(data.num_items)]).astype(np.float64)
    overall = train.value.mean()
    weights = np.zeros((data.num_users, features.shape[1]))
    groups = np.argmax(training.user_features[:, : len(set(data.users["age group"]))], axis=1)

    def ridge(rows, target, strength):
        x = features[train.item[rows]]
        return np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ target[rows])

    residual = train.value - overall
    for group in np.unique(groups):
        weights[groups == group] = ridge(np.flatnonzero(groups[train.user] == group), residual, 10.0)
    rest = residual - np.einsum("nd,nd->n", weights[train.user], features[train.item])
    order = np.argsort(train.user, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(train.user, minlength=data.num_users))[:-1]):
        weights[train.user[rows[0]]] += ridge(rows, rest, 3.0)

    def predict(fold):
        return np.clip(overall + np.einsum("nd,nd->n", weights[fold.user], features[fold.item]), 1, 5)

    model = best(validation, test, predict(validation), predict(test))
    assert passes(*model), model
    assert np.sqrt(np.mean((predict(test) - test.value) ** 2)) <= 1.0

    count = np.bincount(train.item, minlength=data.num_items).astype(float)
    mean = (np.bincount(train.item, train.value, data.num_items) + 5 * overall) / (count + 5)
    for line in (count, mean):
        assert not passes(*best(validation, test, line[validation.item], line[test.item]))
    everything = rated_at_10(test, np.ones(len(test)), 0.0)
    assert not passes(*everything)
    assert model[0] > everything[0] + 0.05

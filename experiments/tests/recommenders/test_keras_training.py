"""Our epoch loop is Keras's own training, only faster: the same weights as ``model.fit`` from the same start."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.recommenders.keras_net.backend import keras
from experiments.learning.recommenders.keras_net.learner import NetworkLearner, Penalty
from experiments.learning.recommenders.keras_net.network import NetworkSpec, build
from experiments.learning.recommenders.sampling import RowSource
from experiments.tests.recommenders.tiny import ratings

SPEC = NetworkSpec(embedding_dim=8)


@pytest.fixture(scope="module")
def data():
    return ratings()


def plain_keras(data, l2):
    """The same network as a textbook writes it, with Keras's regulariser and optimiser."""
    layers, regularizers = keras.layers, keras.regularizers
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    p = layers.Embedding(data.num_users, 8, embeddings_regularizer=regularizers.L2(l2))(user)
    q = layers.Embedding(data.num_items, 8, embeddings_regularizer=regularizers.L2(l2))(item)
    f = layers.Embedding(*data.item_features.shape, trainable=False)(item)
    g = layers.Embedding(*data.user_features.shape, trainable=False)(user)
    x = layers.Dense(64, "relu")(layers.Dense(128, "relu")(layers.Concatenate()([p, q, f, g])))
    model = keras.Model([user, item], layers.Add()([layers.Dot(1)([p, q]), layers.Dense(1)(x)]))
    model.compile(keras.optimizers.Adam(0.001), "mse")
    return model


def by_shape(weights):
    """Two models list their layers in different orders; shapes tell the arrays apart."""
    return {array.shape: array for array in weights}


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_two_epochs_leave_the_weights_that_keras_leaves(data, l2):
    rows = RowSource(data, seed=5, negatives=1)
    model = build(SPEC, data, seed=5)
    peer = plain_keras(data, l2)
    start = by_shape(model.get_weights())
    peer.set_weights([start[array.shape] for array in peer.get_weights()])
    learner = NetworkLearner(model, rows, batch_size=32, penalty=Penalty(whole=l2))
    for epoch in (1, 2):
        learner.train_epoch(epoch, 0.001)
        ordered = rows.epoch(epoch)
        peer.fit([ordered.user, ordered.item], ordered.target, batch_size=32, shuffle=False, verbose=0)
    ours, theirs = by_shape(model.get_weights()), by_shape(peer.get_weights())
    assert set(ours) == set(theirs)
    for shape, array in ours.items():
        assert array == pytest.approx(theirs[shape], abs=2e-5), shape
        frozen = shape in (data.item_features.shape, data.user_features.shape)
        assert np.array_equal(array, start[shape]) == frozen


def test_the_reported_loss_is_the_mean_squared_error_met_on_the_way(data):
    """With a learning rate of zero nothing moves, so it is the error of the start."""
    rows = RowSource(data, seed=5, negatives=1)
    learner = NetworkLearner(build(SPEC, data, seed=5), rows, batch_size=7, penalty=Penalty(whole=0.01))
    first = rows.epoch(1)
    expected = float(np.mean((learner.predict(first) - first.target) ** 2))
    assert learner.train_epoch(1, 0.0) == pytest.approx(expected, rel=1e-5)


def test_the_looked_up_penalty_pulls_rows_in_proportion_to_their_ratings(data):
    """One batch of all rows: the gradient of the penalty on row u is 2 λ · n_u / n · p_u. Adam hides sizes but not
    signs, so the first moment (0.1 · gradient) is compared between a fit with and one without the penalty."""
    moments = []
    for weight in (0.0, 0.3):
        rows = RowSource(data, seed=5, negatives=1)
        model = build(SPEC, data, seed=5)
        start = model.get_layer("user_embedding").get_weights()[0]
        learner = NetworkLearner(model, rows, batch_size=10_000, penalty=Penalty(looked_up=weight))
        learner.train_epoch(1, 0.001)
        moments.append(learner.state()["adam_first/user_embedding/embeddings"])
    count = np.bincount(data.train.user, minlength=data.num_users)
    expected = 0.1 * 2 * 0.3 * (count / len(data.train))[:, None] * start
    assert moments[1] - moments[0] == pytest.approx(expected, abs=1e-7)


def test_a_first_layer_without_training_rows_stays_at_zero(data):
    model = build(SPEC, data, seed=5)
    learner = NetworkLearner(model, RowSource(data, seed=5, negatives=1), batch_size=32, penalty=Penalty(whole=0.01))
    learner.train_epoch(1, 0.01)
    assert not model.get_layer("user_embedding").get_weights()[0][0].any()
    assert not model.get_layer("item_embedding").get_weights()[0][0].any()

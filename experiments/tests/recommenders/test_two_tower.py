"""Two-tower retrieval: its loss by the textbook, its histories by hand, what it never sees, and users without any."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import sparse
from scipy.special import logsumexp

from experiments.learning.recommenders.keras_net import in_batch_softmax
from experiments.learning.recommenders.keras_net.adam import Adam
from experiments.learning.recommenders.keras_net.backend import keras, tf
from experiments.learning.recommenders.keras_net.liked_histories import LikedHistories
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import QUICK, Recorder, all_scores, fold, ratings

ITEMS = np.array([4, 1, 4, 0, 1, 4, 3], np.int32)
NOBODY = tf.constant([[False]])


def textbook_losses(scores, items, log_q):
    """Yi et al., 2019, equation 5, over all rows of the batch, other rows of the same item left out. ``scores``:
    (rows, num_items); ``log_q`` (num_items,)."""
    corrected = scores[:, items] - log_q[items]
    own = np.eye(len(items), dtype=bool)
    corrected[(items[:, None] == items[None, :]) & ~own] = -np.inf
    return logsumexp(corrected, axis=1) - corrected[own]


def test_the_loss_over_distinct_items_is_the_textbooks_over_all_rows():
    generator = np.random.default_rng(0)
    scores, log_q = generator.normal(size=(len(ITEMS), 5)), np.log(generator.dirichlet(np.ones(5)))
    found = in_batch_softmax.candidates(tf.constant(ITEMS))
    distinct = found.items.numpy()
    ours = in_batch_softmax.losses(
        tf.constant(scores[:, distinct], tf.float32), found, tf.constant(log_q[distinct], tf.float32), NOBODY
    )
    assert ours.numpy() == pytest.approx(textbook_losses(scores, ITEMS, log_q), abs=1e-5)


def test_the_correction_makes_frequent_candidates_weigh_no_more_than_others():
    """Drawn often enough, the corrected sum over candidates is the sum over the whole catalogue, each item once."""
    generator = np.random.default_rng(0)
    share = np.array([0.6, 0.3, 0.08, 0.02])
    scores = generator.normal(size=4).astype(np.float32)
    items = np.r_[0, generator.choice(4, 200_000, p=share)].astype(np.int32)
    found = in_batch_softmax.candidates(tf.constant(items))
    row = in_batch_softmax.Candidates(found.items, found.times, found.own[:1])
    distinct = found.items.numpy()
    loss = in_batch_softmax.losses(
        tf.constant(scores[None, distinct]), row, tf.constant(np.log(share)[distinct], tf.float32), NOBODY
    )
    others = logsumexp(scores[1:]) + np.log(200_000)
    expected = np.logaddexp(others, scores[0] - np.log(share[0])) - (scores[0] - np.log(share[0]))
    assert float(loss[0]) == pytest.approx(expected, abs=0.02)


@pytest.fixture
def liked():
    """Three users of four items: two items, none, three items."""
    table = np.array([[0.5, 0, 0, 1], [0, 0, 0, 0], [1, 0.2, 0, 0.4]], np.float32)
    return table, LikedHistories(sparse.csr_array(table))


VECTORS = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)


def by_hand(weights):
    size = np.sqrt((weights**2).sum())
    return weights @ VECTORS / size if size else np.zeros(3)


def test_a_history_is_the_weighted_sum_over_the_length_of_its_weights(liked):
    table, histories = liked
    found = histories.of_users(tf.constant([2, 1, 0]), tf.constant(VECTORS)).numpy()
    assert found == pytest.approx(np.array([by_hand(table[user]) for user in (2, 1, 0)]), abs=1e-6)


def test_what_is_to_be_told_is_not_in_the_history_it_is_told_from(liked):
    table, histories = liked
    pairs = [4, 0, 1, 2]
    found = histories.without_own(tf.constant(pairs), tf.constant(VECTORS), dropout=0.0, seed=[0, 0]).numpy()
    users, items = np.nonzero(table)
    for row, pair in enumerate(pairs):
        rest = table[users[pair]].copy()
        rest[items[pair]] = 0
        assert found[row] == pytest.approx(by_hand(rest), abs=1e-5)


def test_of_a_history_a_share_is_left_out_the_same_for_the_same_seed():
    many = LikedHistories(sparse.csr_array(np.ones((1, 2000), np.float32)))
    vectors, pair = tf.constant(np.eye(2000, dtype=np.float32)), tf.constant([7])
    found = [many.without_own(pair, vectors, dropout=0.3, seed=[3, seed]).numpy()[0] for seed in (1, 1, 2)]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    kept = found[0] > 1e-6
    assert kept.mean() == pytest.approx(0.7, abs=0.04)
    assert found[0][kept] == pytest.approx(1 / 0.7 / np.sqrt(1999), rel=1e-4)
    assert not kept[7]


def test_who_likes_what_is_what_the_table_says(liked):
    table, histories = liked
    users, items = [2, 0, 1, 2], [3, 1, 0]
    found = histories.likes(tf.constant(users), tf.constant(items), num_items=4).numpy()
    assert np.array_equal(found, table[users][:, items] > 0)


def test_what_its_user_likes_competes_with_no_row():
    scores, liked = np.zeros((2, 3), np.float32), tf.constant([[True, True, False], [False, True, False]])
    found = in_batch_softmax.Candidates(tf.constant([0, 1, 2]), tf.ones(3), tf.constant([0, 1]))
    losses = in_batch_softmax.losses(tf.constant(scores), found, tf.zeros(3), liked).numpy()
    assert losses == pytest.approx(np.log([2, 3]), abs=1e-6)


@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
def test_overfits_a_tiny_set(feedback):
    """Each pair, told from the rest of its user's history. Whole histories are met in serving alone, so the contract's
    promise of scores on training pairs is not this model's."""
    data = dataclasses.replace(ratings(users=8, items=8, rows=24, feedback=feedback), validation=fold([], [], []))
    architecture, seen = get("two_tower"), Recorder()
    free = {"epochs": 150, "learning_rate": 0.01, "learning_rate_decay": 1, "regularization": 0, "history_dropout": 0}
    architecture.fit(data, architecture.validate(QUICK["two_tower"] | free | {"batch_size": 8}), seed=0, observer=seen)
    losses = [values["train_loss"] for values in seen.epochs.values()]
    assert losses[-1] < 0.05 < 0.5 < losses[0]


def test_popularity_is_a_matter_of_serving():
    data, architecture = ratings(), get("two_tower")
    scores = [
        all_scores(
            architecture.fit(
                data, architecture.validate(QUICK["two_tower"] | {"popularity": of}), seed=0, observer=Recorder()
            ),
            data,
        )
        for of in (0, 1)
    ]
    count = np.bincount(data.train.item, minlength=data.num_items)
    expected = np.log(np.maximum(count, 0.5) / len(data.train))
    assert scores[1] - scores[0] == pytest.approx(np.broadcast_to(expected, scores[0].shape), abs=1e-5)


def test_our_steps_are_those_of_kerass_adam():
    start, generator = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32), np.random.default_rng(1)
    ours, theirs = tf.Variable(start), keras.Variable(start)
    adam, peer = Adam({"w": ours}), keras.optimizers.Adam(0.01)
    for _ in range(3):
        gradient = tf.constant(generator.normal(size=(3, 2)), tf.float32)
        adam.apply({"w": gradient}, tf.constant(0.01))
        peer.apply([gradient], [theirs])
    assert ours.numpy() == pytest.approx(theirs.numpy(), abs=1e-6)

"""Which rows an epoch learns from."""

from __future__ import annotations

import dataclasses

import numpy as np

from experiments.learning.recommenders.sampling import RowSource
from experiments.tests.recommenders.tiny import fold, ratings


def pairs(rows):
    return set(zip(rows.user.tolist(), rows.item.tolist(), strict=True))


def test_explicit_epochs_are_the_ratings_in_another_order_each_time():
    data = ratings()
    source = RowSource(data, seed=0, negatives=4)
    first, second = source.epoch(1), source.epoch(2)
    expected = sorted(zip(data.train.user, data.train.item, data.train.value, strict=True))
    assert sorted(zip(first.user, first.item, first.target, strict=True)) == expected
    assert sorted(zip(second.user, second.item, second.target, strict=True)) == expected
    assert not np.array_equal(first.user, second.user)


def test_an_epoch_depends_on_nothing_but_seed_and_number():
    data = ratings(feedback="implicit")
    walked = RowSource(data, seed=3, negatives=2)
    for epoch in range(1, 5):
        walked.epoch(epoch)
    one, other = walked.epoch(5), RowSource(data, seed=3, negatives=2).epoch(5)
    assert np.array_equal(one.user, other.user)
    assert np.array_equal(one.item, other.item)
    assert not np.array_equal(RowSource(data, seed=4, negatives=2).epoch(5).item, one.item)


def test_sampled_negatives_are_never_seen_pairs():
    data = ratings(feedback="implicit")
    rows = RowSource(data, seed=0, negatives=4).epoch(1)
    seen = pairs(data.train)
    negative = rows.target == 0
    assert negative.sum() == 4 * len(data.train)
    assert (rows.target == 1).sum() == len(data.train)
    assert not any((u, i) in seen for u, i in zip(rows.user[negative], rows.item[negative], strict=True))


def test_a_user_who_has_met_everything_gets_no_false_negatives():
    data = dataclasses.replace(
        ratings(users=2, items=3, rows=6, feedback="implicit"),
        train=fold([0, 0, 0], [0, 1, 2], [1, 1, 1]),
        validation=fold([1], [0], [1]),
    )
    rows = RowSource(data, seed=0, negatives=5).epoch(1)
    assert rows.target.tolist() == [1, 1, 1]

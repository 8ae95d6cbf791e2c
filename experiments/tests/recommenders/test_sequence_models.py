"""Models over sequences: which order they read, what they learn from it, and whom they cannot read."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.learning.recommenders.base import Fold
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.registry import ARCHITECTURES, get
from experiments.learning.recommenders.scorers import sequence
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.sequence import SequenceScorer
from experiments.learning.recommenders.sequences import Sequences, Windows, cloze_windows, next_item_windows
from experiments.tests.recommenders.tiny import QUICK, Recorder, all_scores, ratings

KEYS = [key for key, architecture in ARCHITECTURES.items() if architecture.needs_timestamps]
USERS, ITEMS = 24, 9


def timed(user, item, timestamp, value=None):
    value = np.ones(len(user)) if value is None else value
    return Fold(
        np.asarray(user, np.int32),
        np.asarray(item, np.int32),
        np.asarray(value, np.float32),
        np.asarray(timestamp, np.int64),
    )


def rounds():
    """Everybody goes round the items in the same direction, each from another start and over another distance.

    Rows are shuffled, so that only times say what came after what. The last user did one thing, the one before none.
    """
    generator = np.random.default_rng(3)
    rows = [(u, (u + step) % ITEMS, step) for u in range(USERS - 2) for step in range(3 + u % 5)]
    rows.append((USERS - 1, 2, 0))
    user, item, step = generator.permutation(np.array(rows)).T
    return dataclasses.replace(
        ratings(users=USERS, items=ITEMS, rows=30, feedback="implicit"),
        train=timed(user, item, step * 60),
        validation=timed([], [], []),
    )


def fit(key, data, seed=0, **changes):
    architecture = get(key)
    return architecture.fit(data, architecture.validate(QUICK[key] | changes), seed=seed, observer=Recorder())


@pytest.fixture(scope="module")
def round_trips():
    strong = {"epochs": 150, "learning_rate": 0.01, "dropout": 0.0, "embedding_dim": 16, "max_length": 8}
    return {key: fit(key, rounds(), **strong) for key in KEYS}


@pytest.mark.parametrize("key", KEYS)
def test_what_comes_next_is_learnt_from_the_order_of_times(key, round_trips):
    data = rounds()
    scores = all_scores(round_trips[key], data)
    for user in [*range(USERS - 2), USERS - 1]:
        mine = data.train.user == user
        newest = data.train.item[mine][data.train.timestamp[mine].argmax()]
        scores[user, data.train.item[mine]] = -np.inf
        assert scores[user].argmax() == (newest + 1) % ITEMS


@pytest.mark.parametrize("key", KEYS)
def test_who_has_no_history_gets_the_items_by_popularity(key, round_trips):
    data = rounds()
    counts = np.bincount(data.train.item, minlength=ITEMS)
    assert all_scores(round_trips[key], data)[USERS - 2].tolist() == counts.tolist()


@pytest.mark.parametrize("key", KEYS)
def test_data_without_times_is_refused_in_words(key):
    data = rounds()
    without = dataclasses.replace(data, train=dataclasses.replace(data.train, timestamp=None))
    with pytest.raises(UnusableData, match=f"train.timestamp is missing; {get(key).label} learns from the order"):
        fit(key, without)


@pytest.mark.parametrize("key", KEYS)
def test_a_batch_too_large_for_memory_is_refused_before_it_is_made(key):
    data = dataclasses.replace(rounds(), num_items=3_000_000, item_features=np.zeros((3_000_000, 0), np.float32))
    with pytest.raises(UnusableData, match=r"batch_size is 4096 and max_length 1000: .* take .* GiB"):
        fit(key, data, batch_size=4096, max_length=1000)


def sequences():
    """User 0: items 5 6 7 8 9 (weights 1 to 5), user 1: nothing, user 2: item 4."""
    fold = timed([2, 0, 0, 0, 0, 0], [4, 9, 5, 7, 6, 8], [9, 40, 10, 20, 20, 30], [1, 5, 1, 3, 2, 4])
    return Sequences.of(fold, num_users=3)


def test_histories_hold_the_newest_items_in_order_and_equal_times_by_item():
    assert sequences().histories(4).tolist() == [[7, 8, 9, 10], [0, 0, 0, 0], [0, 0, 0, 5]]
    assert sequences().histories(4, ending=99).tolist() == [[8, 9, 10, 99], [0, 0, 0, 0], [0, 0, 5, 99]]


def asked(windows: Windows) -> list[tuple[int, int]]:
    """(item, weight) of everything asked for."""
    places = windows.targets > 0
    return sorted(zip((windows.targets[places] - 1).tolist(), windows.weights[places].tolist(), strict=True))


@pytest.mark.parametrize("length", [2, 3, 4, 7])
def test_every_item_but_the_first_is_asked_for_once_after_the_one_before_it(length):
    for seed in range(10):
        windows = next_item_windows(sequences(), length, np.random.default_rng(seed))
        assert asked(windows) == [(6, 2), (7, 3), (8, 4), (9, 5)]
        places = windows.targets > 0
        assert (windows.tokens[places] == windows.targets[places] - 1).all()
        assert (places == (windows.tokens > 0)).all()
        assert places[:, -1].all()
        assert (np.diff(places.astype(int), axis=1) >= 0).all()  # padding on the left alone


def test_hidden_items_are_the_asked_ones_and_every_window_asks():
    hidden = 11
    for seed in range(20):
        windows = cloze_windows(sequences(), 3, np.random.default_rng(seed), share=0.4, hidden=hidden)
        places = windows.targets > 0
        assert (places == (windows.tokens == hidden)).all()
        assert (places == (windows.weights > 0)).all()
        assert places.any(axis=1).all()
        restored = np.where(places, windows.targets, windows.tokens)
        assert sorted(restored[restored > 0].tolist()) == [5, 6, 7, 8, 9, 10]


def test_one_item_a_user_gives_nothing_to_ask():
    alone = Sequences.of(timed([0, 1], [3, 4], [1, 1]), num_users=2)
    assert len(next_item_windows(alone, 5, np.random.default_rng(0))) == 0


@pytest.mark.parametrize("key", KEYS)
def test_memory_tiles_change_nothing(key, round_trips, monkeypatch):
    data = rounds()
    whole = all_scores(round_trips[key], data)
    monkeypatch.setattr(sequence, "_NUMBERS_AT_ONCE", 1)
    assert all_scores(round_trips[key], data) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("name", [*SequenceScorer.FIELDS, *(f"block_1_{one}" for one in SequenceScorer.BLOCK_FIELDS)])
def test_every_array_of_a_scorer_has_its_shape_checked(name, round_trips):
    scorer = next(iter(round_trips.values())).scorer
    arrays = scorer.arrays()
    arrays[name] = np.zeros((*arrays[name].shape, 2), arrays[name].dtype)
    with pytest.raises(ScorerError, match=r"accepted: \("):
        SequenceScorer(arrays, blocks=1, causal=True, activation="relu")


def test_an_unknown_activation_is_refused_with_what_exists(round_trips):
    arrays = next(iter(round_trips.values())).scorer.arrays()
    with pytest.raises(ScorerError, match="activation is 'step'; accepted: relu, gelu"):
        SequenceScorer(arrays, blocks=1, causal=True, activation="step")

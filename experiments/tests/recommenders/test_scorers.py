"""Scorers: tiles change nothing, and what does not fit together is refused by name."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from experiments.learning.recommenders.scorers import network
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.items import ItemScorer
from experiments.learning.recommenders.scorers.network import NetworkScorer
from experiments.learning.recommenders.scorers.registry import load_scorer


def network_arrays(users=12, items=37, size=5):
    generator = np.random.default_rng(0)
    shapes = {
        "user_embedding": (users, size),
        "item_embedding": (items, size),
        "user_features": (users, 2),
        "item_features": (items, 3),
        "user_bias": (users,),
        "item_bias": (items,),
        "dense_1_kernel": (2 * size + 5, 16),
        "dense_1_bias": (16,),
        "dense_2_kernel": (16, 8),
        "dense_2_bias": (8,),
        "output_kernel": (8, 1),
        "output_bias": (1,),
    }
    return {name: generator.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def textbook(a, offset):
    """The network pair by pair, in double precision."""
    a = {name: array.astype(np.float64) for name, array in a.items()}
    scores = np.zeros((len(a["user_embedding"]), len(a["item_embedding"])))
    for u, i in np.ndindex(scores.shape):
        p, q = a["user_embedding"][u], a["item_embedding"][i]
        x = np.concatenate([p, q, a["item_features"][i], a["user_features"][u]])
        x = np.maximum(x @ a["dense_1_kernel"] + a["dense_1_bias"], 0)
        x = np.maximum(x @ a["dense_2_kernel"] + a["dense_2_bias"], 0)
        tower = (x @ a["output_kernel"] + a["output_bias"])[0]
        scores[u, i] = p @ q + tower + a["user_bias"][u] + a["item_bias"][i] + offset
    return scores


@pytest.mark.parametrize("tile", [1, 100, 700, 1 << 18])
def test_the_network_is_the_textbooks_whatever_the_tile(tile, monkeypatch):
    monkeypatch.setattr(network, "_TILE_NUMBERS", tile)
    arrays = network_arrays()
    scorer = NetworkScorer(arrays, offset=3.5)
    expected = textbook(arrays, 3.5)
    assert scorer.score_block(np.arange(12, dtype=np.int32)) == pytest.approx(expected, abs=1e-5)
    user, item = (axis.ravel().astype(np.int32) for axis in np.indices(expected.shape))
    assert scorer.score_pairs(user, item) == pytest.approx(expected.ravel(), abs=1e-5)


def test_memory_beside_the_answer_does_not_grow_with_the_number_of_users():
    scorer = NetworkScorer(network_arrays(users=4_000, items=200), offset=0.0)
    scorer.score_block(np.arange(2, dtype=np.int32))
    beside = []
    for count in (400, 4_000):
        tracemalloc.start()
        answer = scorer.score_block(np.arange(count, dtype=np.int32))
        beside.append(tracemalloc.get_traced_memory()[1] - answer.nbytes)
        tracemalloc.stop()
    # The user's part of the first layer (16 floats a user) is all that may grow.
    assert beside[1] - beside[0] < 3_600 * 4 * 64


def factor_arrays():
    return {
        "user_factors": np.ones((3, 2), np.float32),
        "item_factors": np.ones((4, 2), np.float32),
        "user_bias": np.zeros(3, np.float32),
        "item_bias": np.zeros(4, np.float32),
    }


def test_a_fresh_block_may_be_changed_by_its_caller():
    scorer = ItemScorer(np.ones(3, np.float32), num_users=2)
    scorer.score_block(np.array([0], np.int32))[:] = -1
    assert scorer.score_block(np.array([0], np.int32)).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(("users", "items"), [([3], [0]), ([-1], [0]), ([0], [4]), ([0], [-1])])
def test_codes_outside_the_model_are_refused(users, items):
    scorer = FactorScorer(**factor_arrays(), offset=0)
    with pytest.raises(ScorerError, match="holds the code"):
        scorer.score_pairs(np.array(users, np.int32), np.array(items, np.int32))


def test_pairs_of_different_lengths_are_refused():
    scorer = FactorScorer(**factor_arrays(), offset=0)
    with pytest.raises(ScorerError, match="accepted: one shape"):
        scorer.score_pairs(np.array([0, 1], np.int32), np.array([0], np.int32))


@pytest.mark.parametrize(
    ("change", "config", "words"),
    [
        ({}, {"kind": "pickle"}, "kind is 'pickle'; accepted: network, factors"),
        ({"user_bias": None}, {}, "lacks 'user_bias'"),
        ({}, {"offset": None}, "lacks 'offset'"),
        ({"item_factors": np.ones((4, 3), np.float32)}, {}, r"item_factors has shape \(4, 3\); accepted: \(any, 2\)"),
        ({"item_bias": np.full(4, np.nan, np.float32)}, {}, "item_bias holds NaN"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(change, config, words):
    settings = {"kind": "factors", "offset": 0.0} | config
    arrays = {name: array for name, array in (factor_arrays() | change).items() if array is not None}
    with pytest.raises(ScorerError, match=words):
        load_scorer(arrays, {name: value for name, value in settings.items() if value is not None})


@pytest.mark.parametrize("name", list(network_arrays()))
def test_every_array_of_the_network_has_its_shape_checked(name):
    arrays = network_arrays()
    arrays[name] = np.zeros((*arrays[name].shape, 2), np.float32)
    with pytest.raises(ScorerError, match=r"accepted: \("):
        NetworkScorer(arrays, offset=0)

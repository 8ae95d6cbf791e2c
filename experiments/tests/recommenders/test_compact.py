"""Compact matrices score as the exact ones do, within what their precision says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from experiments.learning.recommenders.scorers.compact import CompactMatrix, opened, product, shrunk, weighted
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.registry import load_scorer
from experiments.tests.recommenders.test_scorers import network_arrays

USERS = np.array([0, 2, 1, 2], np.int32)


def linear(size: int = 30, users: int = 4):
    rng = np.random.default_rng(3)
    start = np.array([0, 5, 5, 9, 12])[: users + 1]
    arrays = {
        "items": np.arange(size, dtype=np.int32),
        "weights": rng.normal(0, 0.1, (size, size)).astype(np.float32),
        "history_start": start,
        "history_item": np.concatenate([rng.permutation(size)[: b - a] for a, b in itertools.pairwise(start)]),
        "history_value": np.ones(start[-1], np.float32),
    }
    return "linear", arrays, {"num_items": size}


def factors(users: int = 4, items: int = 30, size: int = 6):
    rng = np.random.default_rng(4)
    arrays = {
        "user_factors": rng.normal(0, 1, (users, size)).astype(np.float32),
        "item_factors": rng.normal(0, 1, (items, size)).astype(np.float32),
        "user_bias": rng.normal(0, 1, users).astype(np.float32),
        "item_bias": rng.normal(0, 1, items).astype(np.float32),
    }
    return "factors", arrays, {"offset": 0.5}


def network():
    return "network", network_arrays(), {"offset": 0.1}


@pytest.mark.parametrize("made", [linear, factors, network], ids=lambda made: made.__name__)
@pytest.mark.parametrize(("precision", "error"), [("half", 2e-3), ("int8", 4e-2)])
def test_scores_are_the_exact_ones_within_the_precision(made, precision, error):
    kind, arrays, config = made()
    config = {"kind": kind, **config}
    exact, compact = load_scorer(arrays, config), load_scorer(opened(shrunk(kind, arrays, precision)), config)
    ours, theirs = exact.score_block(USERS), compact.score_block(USERS)
    assert theirs.dtype == np.float32
    scale = np.abs(ours).max()
    assert 0 < np.abs(ours - theirs).max() < error * scale, "close, and really another precision"
    pairs = np.array([1, 3, 7, 0], np.int32)
    assert np.abs(exact.score_pairs(USERS, pairs) - compact.score_pairs(USERS, pairs)).max() < error * scale


@pytest.mark.parametrize(("precision", "times"), [("half", 2), ("int8", 4)])
def test_what_is_stored_shrinks(precision, times):
    kind, arrays, _ = linear()
    small = shrunk(kind, arrays, precision)
    assert small["weights"].nbytes * times == arrays["weights"].nbytes


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 10_000))
def test_a_row_in_eight_bits_errs_by_half_a_step_at_most(rows, columns, seed):
    matrix = (np.random.default_rng(seed).normal(0, 10.0 ** (seed % 5 - 2), (rows, columns))).astype(np.float32)
    matrix[seed % rows] = 0
    small = shrunk("factors", {"user_factors": matrix}, "int8")
    step = np.abs(matrix).max(axis=1, keepdims=True) / 127
    found = np.asarray(opened(small)["user_factors"])
    assert (np.abs(found - matrix) <= step / 2 * (1 + 1e-4)).all()


def test_products_are_those_of_the_whole_matrix():
    rng = np.random.default_rng(5)
    compact = CompactMatrix(rng.integers(-127, 128, (40, 7), dtype=np.int8), rng.random(40).astype(np.float32))
    whole = np.asarray(compact)
    rows = sparse.random_array((6, 40), density=0.2, rng=rng, format="csr", dtype=np.float32)
    np.testing.assert_allclose(product(rows, compact), rows @ whole, rtol=1e-4, atol=1e-4)
    values = rng.random(40).astype(np.float32)
    np.testing.assert_allclose(weighted(values, compact), values @ whole, rtol=1e-4, atol=1e-3)
    some = np.ix_(np.array([3, 1]), np.array([6, 0, 2]))
    np.testing.assert_array_equal(compact[some], whole[some])
    np.testing.assert_array_equal(compact[5], whole[5])


@pytest.mark.parametrize(
    ("kind", "arrays", "precision", "words"),
    [
        ("items", {}, "half", "nothing that shrinks; accepted: linear, factors, network"),
        ("factors", {"user_factors": np.full((2, 2), 1e6, np.float32)}, "half", "up to 65504. int8 takes any"),
    ],
)
def test_what_cannot_shrink_is_refused(kind, arrays, precision, words):
    with pytest.raises(ScorerError, match=words):
        shrunk(kind, arrays, precision)


def test_a_scale_that_does_not_fit_or_is_no_number_is_refused():
    stored = np.ones((3, 2), np.int8)
    with pytest.raises(ScorerError, match="scale has shape"):
        opened({"user_factors": stored, "user_factors.scale": np.ones(2, np.float32)})
    with pytest.raises(ScorerError, match="NaN or infinity"):
        opened({"user_factors": stored, "user_factors.scale": np.full(3, np.nan, np.float32)})

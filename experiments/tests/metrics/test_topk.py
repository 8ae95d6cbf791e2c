"""Top-k lists and ranks: exact order, exact ties, any k."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from experiments.learning.metrics.topk import first_unseen, ranks, require_finite, top_k

matrices = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.5, 2.0]) | st.floats(-9, 9, width=32),
)


def plain_order(row):
    return sorted((item for item in range(len(row)) if row[item] > -np.inf), key=lambda item: (-row[item], item))


@given(matrices, st.integers(1, 14))
def test_lists_equal_a_plain_sort(scores, k):
    expected = [(plain_order(row) + [-1] * k)[:k] for row in scores]
    assert top_k(scores, k).tolist() == expected
    assert top_k(scores, k, np.sort(scores, axis=1)).tolist() == expected


@given(matrices)
def test_ranks_equal_the_place_in_a_plain_sort(scores):
    pairs = [(row, item) for row in range(len(scores)) for item in plain_order(scores[row])]
    rows = np.array([row for row, _ in pairs], dtype=np.int64)
    items = np.array([item for _, item in pairs], dtype=np.int64)
    found = ranks(scores, np.sort(scores, axis=1), rows, items)
    assert found.tolist() == [plain_order(scores[row]).index(item) for row, item in pairs]


@pytest.mark.parametrize("distinct", [1, 2, 30, 10**6])
@pytest.mark.parametrize("k", [1, 7, 60, 500])
def test_wide_rows_with_any_number_of_equal_scores(distinct, k):
    generator = np.random.default_rng(distinct + k)
    scores = generator.integers(0, distinct, (9, 700)).astype(np.float32)
    scores[generator.random(scores.shape) < 0.2] = -np.inf
    scores[0, 5:] = -np.inf  # far fewer candidates than the list is long
    expected = [(plain_order(row) + [-1] * k)[:k] for row in scores]
    assert top_k(scores, k).tolist() == expected
    assert top_k(scores, k, np.sort(scores, axis=1)).tolist() == expected


def test_the_boundary_tie_goes_to_the_lowest_codes():
    scores = np.array([[1, 3, 2, 2, 2, 2]], dtype=np.float32)
    assert top_k(scores, 3).tolist() == [[1, 2, 3]]


def test_all_equal_scores_list_items_in_code_order():
    assert top_k(np.zeros((2, 2000), dtype=np.float32), 4).tolist() == [[0, 1, 2, 3]] * 2


def test_k_beyond_the_candidates_is_padded():
    assert top_k(np.array([[1.0, -np.inf]]), 4).tolist() == [[0, -1, -1, -1]]


def test_k_must_be_positive():
    with pytest.raises(ValueError, match="k is 0; it must be 1 or more"):
        top_k(np.zeros((1, 1)), 0)


@given(
    st.integers(1, 12).flatmap(
        lambda items: st.tuples(
            st.permutations(range(items)), st.lists(st.sets(st.integers(0, items - 1)), min_size=1, max_size=5)
        )
    ),
    st.integers(1, 15),
)
def test_one_ranking_for_everybody_without_what_each_has_seen(case, k):
    order, seen = case
    pairs = [(row, item) for row, items in enumerate(seen) for item in items]
    rows = np.array([row for row, _ in pairs], dtype=np.int64)
    items = np.array([item for _, item in pairs], dtype=np.int64)
    expected = [([item for item in order if item not in mine] + [-1] * k)[:k] for mine in seen]
    assert first_unseen(np.array(order), rows, items, len(seen), k).tolist() == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_cannot_be_ordered_are_refused_by_name(bad):
    scores = np.zeros((2, 3), dtype=np.float32)
    scores[1, 2] = bad
    with pytest.raises(ValueError, match=f"user code 9 and item code 2 is {bad}; scores must be finite"):
        require_finite(scores, np.array([7, 9]))

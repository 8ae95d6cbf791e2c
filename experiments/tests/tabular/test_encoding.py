"""Columns become the same numbers for the same rows, and nothing of a row is unanswerable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.tabular.base import TableError
from experiments.learning.tabular.encoding import MOST_CATEGORIES, Encoder

TRAIN = pd.DataFrame(
    {
        "income": [10.0, 20.0, np.nan, 30.0],
        "age": [1.0, 2.0, 3.0, 4.0],
        "constant": [0.1, 0.1, 0.1, 0.1],
        "kind": ["park", "mall", "park", None],
    }
)


def fitted(**changes):
    return Encoder.fit(TRAIN, ("income", "age", "constant"), ("kind",), **changes)


def test_what_each_column_is():
    assert fitted().names == (
        "income",
        "age",
        "constant",
        "income (missing)",
        "kind = (missing)",
        "kind = mall",
        "kind = park",
        "kind = (other)",
    )
    assert fitted().sources() == ("income", "age", "constant", "income", "kind", "kind", "kind", "kind")
    assert fitted().columns == ("income", "age", "constant", "kind")


def test_numbers_are_standardised_by_the_training_rows_and_a_missing_one_is_their_mean():
    matrix = fitted().transform(TRAIN)
    known = np.array([10.0, 20.0, 30.0])
    np.testing.assert_allclose(matrix[[0, 1, 3], 0], (known - known.mean()) / known.std())
    assert matrix[2, 0] == 0
    np.testing.assert_array_equal(matrix[:, 3], [0, 0, 1, 0])
    np.testing.assert_array_equal(matrix[:, 2], 0)  # what does not vary says nothing
    other = pd.DataFrame({"income": [20.0], "age": [np.nan], "constant": [5.0], "kind": ["mall"]})
    np.testing.assert_allclose(fitted().transform(other), [[0, 0, 4.9, 0, 0, 1, 0, 0]])


@pytest.mark.parametrize("missing", ["mean", "keep"])
def test_a_column_without_any_number_says_nothing_then_or_later(missing):
    encoder = Encoder.fit(TRAIN.assign(age=np.nan), ("age",), (), missing=missing)
    assert (encoder.transform(TRAIN)[:, 0] == 0).all()
    again = Encoder.rebuild(encoder.arrays(), encoder.config())
    assert (again.transform(TRAIN.assign(age=np.nan))[:, 0] == 0).all()


def test_trees_see_what_is_missing():
    encoder = fitted(missing="keep")
    assert not encoder.indicators
    assert np.isnan(encoder.transform(TRAIN)[2, 0])


def test_unseen_rare_and_endless_kinds_share_a_column():
    encoder = fitted(rare_below=2)
    assert encoder.names[-2:] == ("kind = park", "kind = (other)")
    assert encoder.transform(TRAIN)[:, -2:].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    unseen = TRAIN.assign(kind="casino")
    assert fitted().transform(unseen)[:, -4:].tolist() == [[0, 0, 0, 1]] * 4
    endless = TRAIN.assign(kind=["x" * 10_000, "park", "park", "park"])
    assert Encoder.fit(endless, (), ("kind",)).names == ("kind = park", "kind = (other)")


def test_only_the_most_frequent_kinds_are_kept():
    kinds = [f"k{number:04d}" for number in range(MOST_CATEGORIES + 50)]
    frame = pd.DataFrame({"kind": kinds + kinds[-60:]})
    kept = dict(Encoder.fit(frame, (), ("kind",)).categories)["kind"]
    assert len(kept) == MOST_CATEGORIES
    assert set(kinds[-60:]) <= set(kept)


def test_no_columns_make_an_empty_matrix():
    assert Encoder.fit(TRAIN, (), ()).transform(TRAIN).shape == (4, 0)


@pytest.mark.parametrize("column", ["income", "kind"])
def test_a_missing_column_is_named(column):
    with pytest.raises(TableError, match=f"no column '{column}'"):
        fitted().transform(TRAIN.drop(columns=column))


CELLS = st.one_of(st.none(), st.floats(-1e50, 1e50), st.integers(-5, 5))


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12),
    later=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6),
    kinds=st.lists(st.text(max_size=3), min_size=1, max_size=12),
)
def test_any_rows_make_finite_numbers_and_a_rebuilt_encoder_the_same(numbers, later, kinds):
    def frame(rows):
        made = pd.DataFrame(rows, columns=["a", "b"]).astype("Float64")
        return made.assign(kind=[kinds[place % len(kinds)] for place in range(len(rows))])

    encoder = Encoder.fit(frame(numbers), ("a", "b"), ("kind",))
    matrix = encoder.transform(frame(later))
    assert matrix.shape == (len(later), len(encoder.names))
    assert np.isfinite(matrix).all()
    assert (matrix[:, len(encoder.numeric) + len(encoder.indicators) :].sum(axis=1) == 1).all()
    rebuilt = Encoder.rebuild(encoder.arrays(), encoder.config())
    np.testing.assert_array_equal(rebuilt.transform(frame(later)), matrix)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"missing": "guess"}, "missing is 'guess'"),
        ({"indicators": ["height"]}, "indicators"),
        ({"numeric": ["income"], "indicators": []}, "encoder_means"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, message):
    encoder = fitted()
    with pytest.raises(ScorerError, match=message):
        Encoder.rebuild(encoder.arrays(), encoder.config() | changes)

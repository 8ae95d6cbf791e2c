"""Splits: disjoint, complete, deterministic, and each method keeps its own promise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.splits import SplitSpec, available_methods, split
from experiments.tests.data.builders import random_table, table

METHODS = ["random", "time", "leave_last_out", "given"]


def with_part(data, seed):
    return dataclasses.replace(data, part=np.random.default_rng(seed).integers(0, 2, len(data)).astype(np.int8))


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 1000),
    method=st.sampled_from(METHODS),
    test=st.floats(0.01, 0.9),
    validation=st.floats(0.01, 0.5),
    split_seed=st.integers(0, 2**31 - 1),
)
def test_parts_are_disjoint_complete_ascending_and_repeatable(seed, method, test, validation, split_seed):
    data = with_part(random_table(seed), seed)
    spec = SplitSpec(method, test, validation, split_seed)
    parts = split(data, spec)
    rows = [parts.train, parts.validation, parts.test]
    assert sorted(np.concatenate(rows)) == list(range(len(data)))
    assert all(len(part) and (np.diff(part) > 0).all() for part in rows)
    again = split(data, spec)
    assert all(np.array_equal(a, b) for a, b in zip(rows, [again.train, again.validation, again.test], strict=True))


def test_random_shares_and_seed():
    data = random_table(1)
    parts = split(data, SplitSpec("random", 0.2, 0.1, 7))
    assert len(parts.test) == round(0.2 * 90)
    assert len(parts.validation) == round(0.1 * 72)
    other = split(data, SplitSpec("random", 0.2, 0.1, 8))
    assert not np.array_equal(parts.test, other.test)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.05, 0.8))
def test_time_never_tears_a_second_apart_and_comes_closest_to_the_share(seed, share):
    data = random_table(seed)
    time = data.timestamp
    parts = split(data, SplitSpec("time", share, 0.2))
    assert time[parts.train].max() < time[parts.validation].min()
    assert time[parts.validation].max() < time[parts.test].min()
    reachable = [np.count_nonzero(time >= boundary) for boundary in np.unique(time)[1:]]
    assert abs(len(parts.test) - share * len(data)) == min(abs(count - share * len(data)) for count in reachable)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000))
def test_leave_last_out_against_a_plain_loop(seed):
    data = random_table(seed)
    parts = split(data, SplitSpec("leave_last_out"))
    expected = {"train": [], "validation": [], "test": []}
    for user in range(data.num_users):
        rows = sorted(np.flatnonzero(data.user == user), key=lambda row: (data.timestamp[row], data.item[row]))
        if len(rows) >= 3:
            expected["test"].append(rows.pop())
            expected["validation"].append(rows.pop())
        expected["train"] += rows
    for name, rows in expected.items():
        assert getattr(parts, name).tolist() == sorted(rows)


def test_given_keeps_the_test_part_and_validates_on_the_rest():
    data = with_part(random_table(2), 3)
    parts = split(data, SplitSpec("given", 0.2, 0.25))
    assert np.array_equal(parts.test, np.flatnonzero(data.part == 1))
    assert len(parts.validation) == round(0.25 * np.count_nonzero(data.part == 0))


@pytest.mark.parametrize(
    ("change", "spec", "words"),
    [
        ({"timestamp": None}, SplitSpec("time"), "no times.*Accepted: random"),
        ({"timestamp": None}, SplitSpec("leave_last_out"), "no times"),
        ({"timestamp": np.zeros(90, np.int64)}, SplitSpec("time"), "all times are equal"),
        ({}, SplitSpec("given"), "without a split of its own.*Accepted: time, random"),
        ({}, SplitSpec("random", 0.0), "test_share.*above 0"),
        ({}, SplitSpec("random", 0.2, 1.0), "validation_share"),
        ({}, SplitSpec("random", float("nan")), "test_share"),
        ({}, SplitSpec("stratified"), "not known.*random, time"),
    ],
)
def test_a_method_that_does_not_fit_says_why(change, spec, words):
    with pytest.raises(DatasetError, match=words):
        split(dataclasses.replace(random_table(0), **change), spec)


def test_too_few_rows_leave_a_part_empty():
    with pytest.raises(DatasetError, match="would be empty: 2 rows"):
        split(table([("a", "x", 1), ("b", "y", 2)]), SplitSpec("random", 0.5, 0.5))
    with pytest.raises(DatasetError, match="would be empty"):
        split(table([("a", "x", 1, 1), ("b", "y", 2, 2), ("b", "x", 2, 3)]), SplitSpec("leave_last_out"))


def test_methods_on_offer_follow_the_data():
    data = random_table(0)
    assert available_methods(data) == ("time", "random", "leave_last_out")
    assert available_methods(with_part(data, 0)) == ("given", "time", "random", "leave_last_out")
    assert available_methods(dataclasses.replace(data, timestamp=None)) == ("random",)
    for method in available_methods(data):
        split(data, SplitSpec(method))

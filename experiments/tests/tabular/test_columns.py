"""Columns are read in one way, and what cannot be read is named with row and value."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from experiments.learning.tabular import columns
from experiments.learning.tabular.base import TableError


def test_numbers_written_as_text_whole_numbers_and_truths_are_numbers():
    frame = pd.DataFrame({"text": ["1.5", " ", "-2"], "truth": [True, False, True], "whole": pd.array([1, None, 3])})
    np.testing.assert_array_equal(columns.numbers(frame, "text"), [1.5, np.nan, -2])
    np.testing.assert_array_equal(columns.numbers(frame, "truth"), [1, 0, 1])
    np.testing.assert_array_equal(columns.numbers(frame, "whole"), [1, np.nan, 3])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "ten"], r"n is 'ten' in row 2\. Accepted: a number, or nothing"),
        ([1.0, float("inf")], r"n is 'inf' in row 2"),
        ([1.0, -1e200], r"n is '-1e\+200' in row 2.*within"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), r"n holds dates\. Accepted: numbers"),
    ],
)
def test_what_is_no_number_is_refused_by_name_row_and_value(values, message):
    with pytest.raises(TableError, match=message):
        columns.numbers(pd.DataFrame({"n": values}), "n")


def test_a_missing_column_is_refused_with_those_that_are_there():
    with pytest.raises(TableError, match=r"no column 'income'.*it has: age, kind"):
        columns.numbers(pd.DataFrame({"age": [1], "kind": ["a"]}), "income")


def test_a_target_must_be_known_in_every_row():
    with pytest.raises(TableError, match=r"sales is 'nan' in row 2\. Accepted: a number in every row"):
        columns.known_numbers(pd.DataFrame({"sales": [1.0, np.nan]}), "sales")


def test_kinds_are_the_same_however_their_column_is_stored():
    stored = [
        pd.Series([3, 1, None], dtype="Int64"),
        pd.Series([3.0, 1.0, np.nan]),
        pd.Series(["3", "1", None], dtype="str"),
        pd.Series(["3", 1, None], dtype="object"),
        pd.Series(["3", "1", None], dtype="category"),
    ]
    for series in stored:
        assert columns.texts(pd.DataFrame({"kind": series}), "kind").tolist() == ["3", "1", ""]
    assert columns.texts(pd.DataFrame({"kind": [True, False]}), "kind").tolist() == ["true", "false"]


@pytest.mark.parametrize(
    "values",
    [
        ["2024-05-31", "2024-06-01"],
        pd.to_datetime(["2024-05-31", "2024-06-01"]),
        pd.to_datetime(["2024-05-31T02:00+02:00", "2024-06-01T02:00+02:00"]),
        [dt.date(2024, 5, 31), dt.date(2024, 6, 1)],
        ["2024-05-31T00:00:00Z", "2024-06-01T00:00:00Z"],
    ],
)
def test_days_are_read_in_utc_whatever_their_form(values):
    frame = pd.DataFrame({"day": values})
    seconds = columns.times(frame, "day") / 1_000_000
    assert [dt.datetime.fromtimestamp(each, dt.UTC).isoformat() for each in seconds] == [
        "2024-05-31T00:00:00+00:00",
        "2024-06-01T00:00:00+00:00",
    ]
    assert [columns.day_name(day) for day in columns.days(frame, "day")] == ["2024-05-31", "2024-06-01"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2024-05-31", "yesterday"], "day is 'yesterday' in row 2"),
        (["2024-05-31", None], "in row 2"),
        ([1, 2], "day holds numbers. Accepted: days or times"),
    ],
)
def test_what_is_no_day_is_refused(values, message):
    with pytest.raises(TableError, match=message):
        columns.times(pd.DataFrame({"day": values}), "day")

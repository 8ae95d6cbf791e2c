"""Cells of CSV files: exact figures, times in UTC, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest

from mlopspro.core.spreadsheets import cell, lines


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "-inf",
        "+1_0",
    ],
)
def test_text_that_would_run_gets_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+3", "-1e-3", "plain", "a=b", "", "'=1"])
def test_numbers_and_plain_text_stay(text):
    assert cell(text) == text


@pytest.mark.parametrize("value", [0.1 + 0.2, -1 / 3, 1e-300, 123456789.123456789])
def test_figures_are_written_so_that_they_read_back_equal(value):
    assert float(cell(value)) == value


def test_what_has_no_value_is_empty():
    assert [cell(value) for value in (None, float("nan"), float("inf"))] == ["", "", ""]


def test_times_are_utc_and_lengths_are_seconds():
    plus_two = dt.timezone(dt.timedelta(hours=2))
    assert cell(dt.datetime(2026, 11, 1, 14, 30, tzinfo=plus_two)) == "2026-11-01T12:30:00.000000Z"
    assert cell(dt.timedelta(minutes=1, milliseconds=500)) == "60.5"
    assert cell(True) == "true"


def test_lists_are_one_cell_and_defused_as_one():
    assert cell(["=a", "b"]) == "'=a, b"


def test_lines_read_back_as_they_were():
    rows = [["a,b", 'say "hi"'], ["two\nlines", 1.5]]
    text = "".join(lines(["=x", "y"], rows))
    assert list(csv.reader(io.StringIO(text))) == [["'=x", "y"], ["a,b", 'say "hi"'], ["two\nlines", "1.5"]]

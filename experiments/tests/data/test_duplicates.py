"""Several rows about one pair: the stated rule, checked against a plain dictionary."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.imports import load
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.tests.data.builders import as_rows, write

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 5), st.integers(0, 3)), max_size=30
)
BASE = [("a", "x", 1, 0), ("b", "y", 2, 0)]


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, feedback=st.sampled_from(["explicit", "implicit"]), timed=st.booleans())
def test_the_rule(tmp_path_factory, rows, feedback, timed):
    rows = BASE + rows
    content = "user,item,rating,time\n" + "".join(f"{u},{i},{v},{t}\n" for u, i, v, t in rows)
    path = write(tmp_path_factory.mktemp("d"), "a.csv", content)
    mapping = ColumnMapping(
        user="user", item="item", value="rating", timestamp="time" if timed else None, feedback=feedback
    )
    result = load({"interactions": path}, options=ReadOptions(mapping=mapping))

    expected: dict[tuple[str, str], tuple[float, int]] = {}
    for user, item, value, time in rows:
        old = expected.get((user, item))
        if old is None:
            expected[user, item] = (value, time)
        elif feedback == "implicit":
            expected[user, item] = (old[0] + value, max(old[1], time))
        elif not timed or time >= old[1]:
            expected[user, item] = (value, time)
    found = {(u, i): (v, t if timed else None) for u, i, v, t, _ in as_rows(result.interactions)}
    assert found == {pair: (float(value), time if timed else None) for pair, (value, time) in expected.items()}
    assert result.report.rows_merged == len(rows) - len(expected)
    assert (result.refused["kind"] == "duplicate").sum() == len(rows) - len(expected)


def test_merged_rows_say_where_they_went(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating,time\na,x,1,10\na,x,1,10\nb,y,2,10\na,x,5,20\na,x,3,5\n")
    result = load({"interactions": path})
    assert ("a", "x", 5.0, 20, None) in as_rows(result.interactions)
    assert result.refused["line"].tolist() == [2, 3, 6]
    assert result.refused["raw"].iloc[0] == "user a | item x | value 1 | time 10 | merged into line 5 of a.csv"
    assert result.report.exact_duplicates == 0
    assert "latest by time" in result.report.rule


def test_exact_repetitions_are_counted(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating\na,x,1\na,x,1\nb,y,2\nb,y,3\n")
    report = load({"interactions": path}).report
    assert (report.rows_merged, report.exact_duplicates) == (2, 1)


@pytest.mark.parametrize("test_first", [True, False])
def test_a_pair_in_both_parts_stays_in_the_test_part(tmp_path, test_first):
    early, late = ("9", "1") if test_first else ("1", "9")
    train = write(tmp_path, "train.csv", f"user,item,rating,time\na,x,1,{early}\nb,y,2,5\n")
    test = write(tmp_path, "test.csv", f"user,item,rating,time\na,x,4,{late}\n")
    data = load({"interactions": train, "test": test}).interactions
    assert as_rows(data) == {("a", "x", 4.0, int(late), 1), ("b", "y", 2.0, 5, 0)}

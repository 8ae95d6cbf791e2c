"""Version numbers: their form, their order, and which one comes next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.recipes.differences import Change
from experiments.recipes.numbers import Number, check_above, parse, proposals
from experiments.recipes.proposing import proposed

PARTS = st.tuples(*[st.integers(0, 999_999)] * 3)


@given(PARTS, PARTS)
def test_they_are_ordered_as_triples_and_written_as_they_are_read(one, other):
    first, second = Number(*one), Number(*other)
    assert (first < second) == (one < other)
    assert parse(str(first)) == first


@pytest.mark.parametrize(
    "text", ["1", "1.2", "1.2.3.4", "v1.2.3", "1.02.3", "-1.2.3", "1.2.x", "1.2.3-rc1", "١.٢.٣", ""]
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match=r"three numbers such as 1\.2\.0"):
        parse(text)


@given(PARTS)
def test_every_proposal_is_above(parts):
    for number in proposals(Number(*parts)).values():
        check_above(number, [Number(*parts)])


def test_the_highest_decides_not_the_newest():
    with pytest.raises(ValueError, match=r"1\.2\.0 is not above 1\.10\.0; accepted: 1\.10\.1, 1\.11\.0 or 2\.0\.0"):
        check_above(Number(1, 2, 0), [Number(1, 10, 0), Number(1, 1, 9)])
    check_above(Number(0, 0, 1), [])


@pytest.mark.parametrize(
    ("paths", "number"),
    [
        (["metadata.title", "lineage.outputs.x.type"], "1.2.4"),
        (["metadata.title", "pipeline.training.seed"], "1.3.0"),
        (["monitoring.drift.threshold"], "1.3.0"),
        (["pipeline.training.architecture", "metadata.title"], "2.0.0"),
        (["requirements.labels.liked.unit"], "2.0.0"),
        ([], "1.3.0"),
    ],
)
def test_what_changes_decides_which_part_is_raised(paths, number):
    changes = [Change(path, "changed", 1, 2) for path in paths]
    assert str(proposed(Number(1, 2, 3), changes).number) == number

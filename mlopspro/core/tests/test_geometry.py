from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.learning.metrics.result import MetricResult
from mlopspro.core import geometry

figures = st.one_of(st.none(), st.floats(-5, 5))


def test_a_value_stands_between_its_references() -> None:
    bar = geometry.reference_bar(0.4, random=0.1, popularity=0.2, oracle=0.8)
    assert bar.value_percent == 50
    assert [(tick.name, tick.percent) for tick in bar.ticks] == [("random", 12.5), ("popularity", 25), ("oracle", 100)]
    assert bar.attained == pytest.approx(3 / 7)
    assert "popularity 0.200" in bar.words
    assert "42.9" in bar.words


@given(figures, figures, figures, figures, figures)
def test_nothing_lies_outside_the_bar_and_order_is_kept(
    value: float | None, random: float | None, popularity: float | None, oracle: float | None, everything: float | None
) -> None:
    bar = geometry.reference_bar(value, random=random, popularity=popularity, oracle=oracle, everything=everything)
    places = [(tick.value, tick.percent) for tick in bar.ticks]
    if bar.value_percent is not None and value is not None:
        places.append((value, bar.value_percent))
    assert all(0 <= percent <= 100 for _, percent in places)
    ordered = sorted(places)
    assert [percent for _, percent in ordered] == sorted(percent for _, percent in ordered)


@given(figures, figures, figures)
def test_attained_is_that_of_the_metric_itself(value: float | None, random: float | None, oracle: float | None) -> None:
    """Oracle: the property of MetricResult, written by other hands for decision D2."""
    metric = MetricResult("f1_at_10", "rated", value, random=random, oracle=oracle)
    no_room = random is not None and oracle is not None and abs(oracle - random) < geometry.NO_ROOM
    expected = None if no_room else metric.attained
    assert geometry.reference_bar(value, random=random, oracle=oracle).attained == expected


def test_unknown_values_and_references_are_left_out() -> None:
    bar = geometry.reference_bar(None, random=math.nan)
    assert bar.value_percent is None
    assert bar.ticks == ()
    assert bar.words == "–"


def test_a_sparkline_leaves_gaps_and_ends_at_the_last_value() -> None:
    line = geometry.sparkline([1, 2, None, 4, math.nan], width=100, height=20, padding=0)
    assert line.lines == ("0,20 25,13.3", "75,0")
    assert line.last == (75, 0)


def test_a_constant_course_is_a_line_in_the_middle_and_no_course_is_none() -> None:
    assert geometry.sparkline([3, 3], width=10, height=20, padding=0).lines == ("0,10 10,10",)
    assert geometry.sparkline([]).lines == ()
    assert geometry.sparkline([None, math.inf]).last is None

"""Records of charts over many runs: points with names and links, means with intervals, parallel coordinates."""

from __future__ import annotations

import json

import pytest

from mlopspro.core.charts import Axis, ScatterChart, Series
from mlopspro.core.interval_chart import Interval, interval_chart
from mlopspro.core.parallel import ParallelAxis, ParallelChart


def test_a_point_leads_to_its_run_in_the_drawing_and_in_the_table() -> None:
    cloud = Series("hybrid", ((1.0, 0.3), (2.0, 0.4)), names=("a", "b"), links=("/a/", "/b/"))
    star = Series("Baseline", ((1.5, 0.2),), names=("c",), links=("/c/",), star=True)
    chart = ScatterChart(key="s", title="S", x=Axis("Epochs"), y=Axis("F1"), series=(cloud, star))
    payload = chart.payload()["series"]
    assert (payload[0]["names"], payload[0]["links"]) == (["a", "b"], ["/a/", "/b/"])
    assert (payload[0].get("star"), payload[1]["star"]) == (None, True)
    assert chart.table().linked_rows == [
        ("/a/", ("a", "hybrid", "1.00", "0.300")),
        ("/b/", ("b", "hybrid", "2.00", "0.400")),
        ("/c/", ("c", "Baseline", "1.50", "0.200")),
    ]


def test_names_and_links_are_as_many_as_points() -> None:
    with pytest.raises(ValueError, match="names has 1 texts for 2 points"):
        Series("s", ((1.0, 1.0), (2.0, 2.0)), names=("a",))


def test_a_mean_of_one_run_has_no_interval() -> None:
    groups = [Interval("a", 0.5, 0.4, 0.6, 5, "/a/"), Interval("b", 0.7, None, None, 1)]
    chart = interval_chart("g", "F1 by a", groups, group="a", value=Axis("F1"))
    payload = json.loads(json.dumps(chart.payload(), allow_nan=False))
    assert payload["categories"] == ["a", "b"]
    assert payload["bounds"] == [[0.4, 0.6], [None, None]]
    assert chart.table().linked_rows[1] == ("", ("b", "1", "0.700", "–", "–"))
    assert interval_chart("g", "none", [], group="a", value=Axis("F1")).payload()["empty"]


def lines(*axes: ParallelAxis) -> ParallelChart:
    return ParallelChart(
        key="p", title="Runs", names=("one", "two", "three"), ids=("1", "2", "3"), link="/{id}/",
        axes=axes, baseline="2",
    )  # fmt: skip


RATE = ParallelAxis("params.rate", "rate", (0.001, 0.1, None), scale="log")
MODEL = ParallelAxis("architecture", "architecture", ("svd", None, "als"), scale="words")
LAYERS = ParallelAxis("params.layers", "layers", ("10", "9", "9"), scale="words")


def test_an_axis_knows_its_bounds_and_its_words_in_their_order() -> None:
    payload = lines(RATE, MODEL, LAYERS).payload()["axes"]
    assert (payload[0]["min"], payload[0]["max"], payload[0]["log"]) == (0.001, 0.1, True)
    assert payload[0]["values"] == [0.001, 0.1, None]
    assert (payload[1]["categories"], payload[1]["values"]) == (["als", "svd"], [1, None, 0])
    assert payload[2]["categories"] == ["9", "10"]


def test_an_axis_with_numbers_that_are_not_above_zero_is_linear() -> None:
    assert not ParallelAxis("x", "x", (0.0, 5.0), scale="log").is_log
    assert ParallelAxis("x", "x", (None, None), scale="log").bounds is None


def test_the_table_tells_the_same_and_the_baseline_is_known() -> None:
    chart = lines(RATE, MODEL)
    assert chart.payload()["baseline"] == 1
    assert chart.table().header == ("Run", "rate", "architecture")
    assert chart.table().linked_rows[2] == ("/3/", ("three", "–", "als"))


def test_one_axis_is_none_to_draw_and_values_must_fit() -> None:
    assert lines(RATE).payload()["empty"]
    with pytest.raises(ValueError, match="3 lines"):
        lines(ParallelAxis("x", "x", (1.0,)))

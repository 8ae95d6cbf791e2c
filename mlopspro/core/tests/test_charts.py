from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopspro.core.charts import (
    MAX_TABLE_ROWS,
    Axis,
    BarChart,
    HistogramChart,
    LineChart,
    ScatterChart,
    Series,
    Threshold,
    bars,
    run_colours,
)
from mlopspro.core.thinning import MAX_POINTS, thin


def line(*series: Series, **options: Any) -> LineChart:
    return LineChart(key="loss", title="Loss", x=Axis("Epoch"), y=Axis("MSE"), series=series, **options)


def test_undefined_numbers_become_null_and_the_payload_is_strict_json() -> None:
    chart = line(Series.of("train", [1.5, math.nan, math.inf, None]), thresholds=(Threshold("limit", math.nan),))
    payload = json.loads(json.dumps(chart.payload(), allow_nan=False))
    assert payload["series"][0]["points"] == [[1, 1.5], [2, None], [3, None], [4, None]]
    assert payload["thresholds"][0]["value"] is None


def test_the_table_has_a_row_for_each_place_of_any_series() -> None:
    chart = line(Series.of("train", [1.5, 1.25]), Series("val", ((2, 1.75), (3, 2.0))))
    table = chart.table()
    assert table.header == ("Epoch", "train", "val")
    assert table.rows == (("1", "1.50", "–"), ("2", "1.25", "1.75"), ("3", "–", "2.00"))


def test_a_long_table_keeps_its_ends_and_says_what_it_leaves_out() -> None:
    table = line(Series.of("train", list(map(float, range(1000))))).table()
    assert len(table.rows) == MAX_TABLE_ROWS
    assert (table.rows[0][0], table.rows[-1][0]) == ("1", "1\u202f000")
    assert "100 of 1\u202f000 rows" in table.note


def test_a_chart_without_figures_says_so_and_one_with_an_error_says_that() -> None:
    assert line().payload()["empty"] == "No figures yet."
    assert line(Series.of("train", [None])).payload()["empty"] == "No figures yet."
    assert line(error="The log says why.").payload()["empty"] == "The log says why."
    assert line(Series.of("train", [1.0])).payload()["empty"] == ""


def test_other_places_for_the_points_are_as_many_as_the_points() -> None:
    with pytest.raises(ValueError, match="1 places for 2 points"):
        Series.of("train", [1.0, 2.0], also_at={"seconds": (1.0,)})


def test_thinned_series_say_so_and_keep_places_aligned() -> None:
    count = 10_000
    places = tuple(i * 0.5 for i in range(count))
    payload = Series("s", tuple((float(i), float(i % 7)) for i in range(count)), also_at={"seconds": places}).payload()
    assert payload["thinned_from"] == count
    assert len(payload["points"]) <= MAX_POINTS
    assert [x * 0.5 for x, _ in payload["points"]] == payload["also_at"]["seconds"]
    assert Series("s", ((0.0, 1.0),)).payload()["thinned_from"] is None


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=400), st.integers(4, 60))
def test_thinning_keeps_ends_and_extremes_in_order(values: list[float | None], limit: int) -> None:
    points = [(float(i), y) for i, y in enumerate(values)]
    kept, indices = thin(points, limit)
    assert len(kept) <= max(limit, 4)
    assert [points[i] for i in indices] == list(kept)
    assert list(indices) == sorted(set(indices))
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    known = [y for y in values if y is not None]
    if known:
        shown = [y for _, y in kept if y is not None]
        assert max(shown) == max(known)
        assert min(shown) == min(known)


def test_thinning_needs_room_for_ends_and_extremes() -> None:
    with pytest.raises(ValueError, match="limit is 3"):
        thin([], 3)


def test_bars_and_bins_are_named() -> None:
    bar = BarChart(
        key="b",
        title="B",
        categories=("head", "tail"),
        x=Axis("Segment"),
        y=Axis("F1"),
        series=(bars("hybrid", [0.5, None]),),
    )
    assert bar.table().rows == (("head", "0.500"), ("tail", "–"))
    histogram = HistogramChart(
        key="h", title="H", edges=(0.5, 1.0, 1.5), x=Axis("Rating"), y=Axis("Count"), series=(bars("now", [3, 40]),)
    )
    assert histogram.payload()["categories"] == ["0.5 – 1", "1 – 1.5"]
    assert histogram.table().rows == (("0.5 – 1", "3"), ("1 – 1.5", "40"))


def test_a_histogram_refuses_counts_that_do_not_fit_its_edges() -> None:
    with pytest.raises(ValueError, match="'now' has 1 bins for 3 edges"):
        HistogramChart(key="h", title="H", edges=(0, 1, 2), x=Axis("x"), y=Axis("y"), series=(bars("now", [3]),))


def test_a_cloud_lists_its_points() -> None:
    chart = ScatterChart(key="s", title="S", x=Axis("x"), y=Axis("y"), series=(Series("a", ((1.0, 2.0),)),))
    assert chart.table().rows == (("a", "1.00", "2.00"),)


@given(st.sets(st.uuids(), min_size=1, max_size=8))
def test_up_to_eight_runs_have_eight_colours_that_depend_on_nothing_but_the_set(ids: set[uuid.UUID]) -> None:
    found = run_colours(ids)
    assert len(set(found.values())) == len(ids)
    assert set(found.values()) <= set(range(1, 9))
    assert run_colours(sorted(ids, reverse=True)) == found


@given(st.sets(st.uuids(), min_size=9, max_size=16))
def test_up_to_sixteen_runs_take_a_colour_at_most_twice(ids: set[uuid.UUID]) -> None:
    assert max(Counter(run_colours(ids).values()).values()) == 2


@given(st.uuids())
def test_a_run_alone_always_has_the_same_colour(run: uuid.UUID) -> None:
    assert run_colours([run]) == run_colours([str(run)])


def test_a_table_of_an_axis_of_time_has_times_and_not_seconds_since_1970():
    at = dt.datetime(2026, 11, 16, 8, 30, tzinfo=dt.UTC).timestamp()
    for kind in (LineChart, ScatterChart):
        chart = kind(
            key="k", title="t", series=(Series("one", ((at, 0.5),)),), x=Axis("Week", kind="time"), y=Axis("F1")
        )
        assert "2026-11-16 08:30" in chart.table().rows[0]

"""Statistics and findings of a dataset, against pandas, SciPy-free formulas and hand-made cases."""

from __future__ import annotations

import dataclasses
import itertools
import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.findings import findings
from experiments.learning.data.imports import load
from experiments.learning.data.statistics import (
    MAX_LORENZ_POINTS,
    MAX_TIME_BUCKETS,
    activity,
    describe,
    log_histogram,
    long_tail,
)
from experiments.tests.data.builders import random_table, table, write


@pytest.mark.parametrize("seed", range(3))
def test_description_agrees_with_pandas_and_is_json(seed):
    data = random_table(seed)
    found = json.loads(json.dumps(describe(data), allow_nan=False))
    frame = pd.DataFrame({"user": data.user, "item": data.item, "value": data.value})
    assert found["counts"]["interactions"] == len(frame)
    assert np.isclose(found["counts"]["sparsity"], 1 - len(frame) / (data.num_users * data.num_items))
    assert {bar["from"]: bar["count"] for bar in found["values"]["histogram"]} == frame[
        "value"
    ].value_counts().to_dict()
    assert np.isclose(found["values"]["mean"], frame["value"].mean(), atol=1e-6)
    per_item = frame["item"].value_counts()
    assert found["per_item"]["quantiles"]["0.5"] == per_item.reindex(range(data.num_items)).fillna(0).median()
    best = found["most_popular"][0]
    assert best["count"] == per_item.max()
    assert np.isclose(best["mean"], frame[frame["item"] == data.item_ids.tolist().index(best["id"])]["value"].mean())
    assert best["title"].startswith("Title ")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=200))
def test_long_tail_against_definitions(numbers):
    found = long_tail(np.array(numbers))
    n, total = len(numbers), sum(numbers)
    # Gini as the mean absolute difference over twice the mean, straight from its definition.
    differences = np.abs(np.subtract.outer(numbers, numbers)).sum()
    assert np.isclose(found["gini"], differences / (2 * n * total))
    top = sorted(numbers, reverse=True)
    for share, value in found["head"].items():
        assert np.isclose(value, sum(top[: int(np.ceil(float(share) * n))]) / total)
    lorenz = np.array(found["lorenz"])
    assert lorenz[0].tolist() == [0, 0]
    assert lorenz[-1].tolist() == [1, 1]
    assert (np.diff(lorenz[:, 1]) >= 0).all()
    assert (lorenz[:, 1] <= lorenz[:, 0] + 1e-12).all()
    assert len(lorenz) <= MAX_LORENZ_POINTS


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=100))
def test_log_histogram_covers_every_number_once(numbers):
    bins = log_histogram(np.array(numbers))
    assert bins[0]["from"] == 1
    assert bins[-1]["to"] == max(numbers)
    assert all(a["to"] + 1 == b["from"] for a, b in itertools.pairwise(bins))
    for entry in bins:
        assert entry["count"] == sum(entry["from"] <= number <= entry["to"] for number in numbers)


def test_activity_by_month_and_in_longer_steps():
    def at(year, month):
        return int(datetime(year, month, 15, tzinfo=UTC).timestamp())

    data = table([("a", "x", 1, at(2020, 11)), ("b", "x", 1, at(2021, 1)), ("b", "y", 1, at(2021, 1))])
    assert activity(data) == [
        {"month": "2020-11", "months": 1, "count": 1},
        {"month": "2020-12", "months": 1, "count": 0},
        {"month": "2021-01", "months": 1, "count": 2},
    ]
    long = activity(table([("a", "x", 1, at(1995, 1)), ("b", "y", 1, at(2019, 11))]))
    assert len(long) <= MAX_TIME_BUCKETS
    assert sum(bucket["count"] for bucket in long) == 2
    assert long[0]["months"] == 5


def test_heavy_tailed_strengths_are_binned_completely():
    values = np.random.default_rng(0).lognormal(2, 2, 500)
    data = table([(f"u{j}", f"i{j % 7}", v) for j, v in enumerate(values)], feedback="implicit", scale=None)
    assert sum(bar["count"] for bar in describe(data)["values"]["histogram"]) == 500


def codes(data, report=None, now=datetime(2026, 1, 1, tzinfo=UTC)):
    return {finding["code"] for finding in findings(data, report, now)}


def test_findings_of_odd_data():
    old, new = 100_000_000, int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
    assert {"small", "light_users"} <= codes(table([("a", "x", 1, old), ("b", "y", 2, new)]))
    assert {"old_times", "future_times"} <= codes(table([("a", "x", 1, old), ("b", "y", 2, new)]))
    assert "one_day" in codes(table([("a", "x", 1, 1_700_000_000), ("b", "y", 2, 1_700_000_060)]))
    assert "constant_rating" in codes(table([("a", "x", 3), ("b", "y", 3)]))
    assert "constant_strength" in codes(table([("a", "x", 1), ("b", "y", 1)], feedback="implicit", scale=None))
    assert "no_times" in codes(table([("a", "x", 1), ("b", "y", 2)]))
    parts = codes(table([("a", "x", 1, 1, 0), ("b", "x", 2, 2, 1), ("a", "y", 2, 3, 1)]))
    assert {"cold_test_users", "cold_test_items"} <= parts
    lonely = [("u0", f"i{j}", 3) for j in range(19)] + [(f"u{j}", "star", 4) for j in range(60)]
    assert "concentrated" in codes(table(lonely))
    data = random_table(0)
    empty = data.items.assign(year=np.nan)
    assert "empty_feature" in codes(dataclasses.replace(data, items=empty))


def test_sound_data_gives_no_finding_but_its_size():
    data = random_table(0)
    spread = dataclasses.replace(data, timestamp=data.timestamp * 1000 + 1_600_000_000)
    assert codes(spread) - {"light_users"} == {"small"}


def test_findings_of_an_import_name_numbers_and_the_rule(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating\na,x,1\na,x,2\nb,y,bad\nb,y,3\n")
    result = load({"interactions": path})
    found = {finding["code"]: finding for finding in findings(result.interactions, result.report)}
    assert found["refused_rows"]["message"].startswith(
        "1 of 4 rows (25.0%) were refused; most often (1 times): value is"
    )
    assert found["refused_rows"]["severity"] == "serious"
    assert "1 duplicate rows were merged" in found["duplicates"]["message"]
    assert result.report.rule in found["duplicates"]["message"]
    assert "scale_inferred" in found
    severities = [finding["severity"] for finding in findings(result.interactions, result.report)]
    assert severities == sorted(severities, key=["serious", "warning", "info"].index)

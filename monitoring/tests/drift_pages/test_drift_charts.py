"""Histograms of a signal: both samples in the same bars, what holds no value of the reference apart."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from monitoring.charts_drift import GAP, bars_of, histogram, score_over_time
from monitoring.models import Check
from monitoring.selectors.drift import Shares
from monitoring.services.drift_findings import histograms
from monitoring.tests.drift_pages.scene import categorical, numeric


def shares(signal):
    found = histograms(signal)
    return Shares(tuple(found["labels"]), tuple(found["reference"]), tuple(found["current"]))


def test_both_samples_are_shares_of_the_same_bars():
    chart = histogram("scores", "Score", shares(numeric("scores", 1.0)))
    reference, now = chart.series
    known = [label for label in chart.categories if label != GAP]
    assert len(reference.points) == len(now.points) == len(chart.categories)
    for one in (reference, now):
        assert sum(value for _, value in one.points if value) == pytest.approx(1, abs=1e-3)
    assert (reference.colour, chart.KIND) == ("reference", "histogram")
    assert [row[0] for row in chart.table().rows] == known
    assert chart.table().rows[0][1].endswith("%")


def test_unseen_and_missing_stand_behind_a_gap_and_only_where_there_are_any():
    labels = [label for label, _, _ in bars_of(shares(categorical("genre", 0.2)))]
    assert labels == ["a", "b", "c", "d", GAP, "unseen"]
    labels = [label for label, _, _ in bars_of(shares(categorical("genre")))]
    assert labels == ["a", "b", "c", "d"]


def test_ends_without_a_value_are_left_out_and_gaps_inside_stay():
    found = bars_of(Shares(("< 1", "1 to 2", "2 to 3", "3 to 4", "≥ 4", "infinite", "missing"),
                           (0, 0.5, 0, 0.5, 0, 0, 0), (0, 0.4, 0, 0.4, 0.1, 0, 0.1)))  # fmt: skip
    assert [label for label, _, _ in found] == ["1 to 2", "2 to 3", "3 to 4", "≥ 4", GAP, "missing"]


def test_a_value_that_is_called_like_a_bar_apart_is_a_value():
    found = bars_of(Shares(("missing", "b", "unseen", "missing"), (0.5, 0.5, 0, 0), (0.4, 0.5, 0, 0.1)))
    assert found == [("missing", 0.5, 0.4), ("b", 0.5, 0.5), (GAP, 0, 0), ("missing", 0, 0.1)]


def test_a_signal_without_histograms_says_why():
    assert "could not be judged" in histogram("scores", "Score", None).payload()["empty"]


def test_a_check_that_judged_nothing_is_a_gap_in_the_line_of_the_score():
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    scores = [0.1, None, 0.4]
    chart = score_over_time(
        [Check(at=start + dt.timedelta(hours=at), score=one) for at, one in enumerate(scores)], 0.3, []
    )
    assert [y for _, y in chart.series[0].points] == scores
    assert np.diff([x for x, _ in chart.series[0].points]).tolist() == [3600, 3600]
    assert chart.thresholds[0].value == 0.3
    assert score_over_time([Check(at=start, score=None)], 0.3, []).is_empty

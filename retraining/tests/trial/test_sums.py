"""Sums add up and say what the rows say."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from monitoring.stats.intervals import ratio_interval
from retraining.records import from_json, to_json
from retraining.trial.sums import Sums


def test_parts_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(90), rng.integers(1, 9, 90).astype(float)
    whole, parts = Sums.of(x, y), Sums.of(x[:30], y[:30]) + Sums.of(x[30:], y[30:])
    assert to_json(parts) == pytest.approx(to_json(whole))
    assert whole.value == pytest.approx(x.sum() / y.sum())
    assert from_json(Sums, json.loads(json.dumps(to_json(whole)))) == whole


def test_the_variance_is_that_of_a_mean_and_of_a_ratio() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(3, 2, 60), rng.integers(1, 9, 60).astype(float)
    assert Sums.of(x).variance() == pytest.approx(x.var(ddof=1) / 60)
    assert Sums.of(x).scatter() == pytest.approx(x.std(ddof=1))
    one = Sums.of(x, y)
    half = ratio_interval(60, one.x, one.y, one.xx, one.yy, one.xy).high - one.value
    assert math.sqrt(one.variance()) * 2.000995 == pytest.approx(half, rel=1e-5)  # t with 59 degrees at 97.5 %


def test_no_event_yet_is_not_certainty() -> None:
    assert Sums.of(np.zeros(100), np.ones(100)).variance("mean") == 0
    assert Sums.of(np.zeros(100), np.ones(100)).variance("share") == pytest.approx((1 / 102) * (101 / 102) / 102)
    fond = Sums.of([9.0, 0.0] * 50, [10.0, 10.0] * 50)  # errors that come in clusters count by user
    assert fond.variance("share") == fond.variance("mean") > 0.45 * 0.55 / 1000


def test_too_few_users_have_no_variance() -> None:
    assert Sums.of([]).variance() == math.inf
    assert Sums.of([1.0]).variance("share") == math.inf
    assert math.isnan(Sums.of([]).value)
    assert math.isnan(Sums.of([1.0, 2.0], [0.0, 0.0]).scatter())


def test_sums_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="x: a finite number"):
        Sums.mean(3, math.nan, 1.0)
    with pytest.raises(ValueError, match="n: a number at least 0"):
        Sums.mean(-1, 0.0, 0.0)
    with pytest.raises(ValueError, match="x: a number at least 0 and at most 5"):
        Sums.yes_or_no(5, 6)

"""A small measurement of how often the verdict is right; ``benchmarks/verdict.py`` makes the large one.

Limits are those that a verdict with the promised rates passes with a probability of 99.9 %, and that one which claims
twice as often, or covers in 88 %, does not.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.tests.comparison.scenes import SCENES, pair_of, value

PAIRS, USERS = 200, 100
QUICK = {"resamples": 1000, "swaps": 1999}
POPULATION = 400_000


@pytest.mark.parametrize("metric", ["ndcg_at_10", "f1_at_10", "rmse"])
def test_equal_models_are_rarely_told_apart_and_intervals_cover_zero(metric):
    generator = np.random.default_rng(11)
    claims = covers = 0
    for number in range(PAIRS):
        pair = pair_of(metric, *SCENES[metric](generator, USERS), seed=number, **QUICK)
        claims += pair.outcome in ("a_better", "b_better")
        covers += pair.low <= 0 <= pair.high
    assert claims <= stats.binom.ppf(0.999, PAIRS, 0.05)
    assert covers >= stats.binom.ppf(0.001, PAIRS, 0.95)
    assert covers < PAIRS, "an interval that always covers says nothing"


def test_intervals_cover_a_real_difference_and_the_better_model_is_found():
    truth = [value("ndcg_at_10", columns) for columns in SCENES["ndcg_at_10"](np.random.default_rng(1), POPULATION, 1)]
    generator = np.random.default_rng(12)
    covers = found = wrong = 0
    for number in range(PAIRS):
        pair = pair_of("ndcg_at_10", *SCENES["ndcg_at_10"](generator, 2 * USERS, 1), seed=number, **QUICK)
        covers += pair.low <= truth[1] - truth[0] <= pair.high
        found += pair.outcome == "b_better"
        wrong += pair.outcome == "a_better"
    assert covers >= stats.binom.ppf(0.001, PAIRS, 0.95)
    assert wrong == 0
    assert found > PAIRS / 2


def test_blocks_of_users_give_the_same_verdict_as_users(monkeypatch):
    """With users dealt into blocks the interval is as wide and the p-value as large, within their random error."""
    a, b = SCENES["ndcg_at_10"](np.random.default_rng(4), 6000, 0.07)
    in_blocks = pair_of("ndcg_at_10", a, b, **QUICK)
    monkeypatch.setattr("experiments.learning.comparison.units.UNITS", 10_000)
    by_user = pair_of("ndcg_at_10", a, b, **QUICK)
    width = by_user.high - by_user.low
    assert in_blocks.difference == pytest.approx(by_user.difference, abs=1e-12)
    assert in_blocks.high - in_blocks.low == pytest.approx(width, rel=0.2)
    assert in_blocks.low == pytest.approx(by_user.low, abs=0.12 * width)
    assert in_blocks.outcome == by_user.outcome

"""What must hold of a comparison whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.holm import holm
from experiments.tests.comparison.scenes import SCENES, pair_of, run, value, verdict

seeds = st.integers(0, 2**32 - 1)
users = st.integers(30, 60)
metrics = st.sampled_from(sorted(SCENES))
MIRRORED = {"a_better": "b_better", "b_better": "a_better"}
few = settings(max_examples=15)


def two(metric, seed, count, better=0.0):
    return SCENES[metric](np.random.default_rng(seed), count, better)


@few
@given(metrics, seeds, users, st.sampled_from([0.0, 0.4]))
def test_swapping_the_runs_mirrors_the_verdict(metric, seed, count, better):
    a, b = two(metric, seed, count, better)
    one, other = pair_of(metric, a, b), pair_of(metric, b, a)
    assert other.difference == pytest.approx(-one.difference, abs=1e-12)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-12)
    assert other.p_value == pytest.approx(one.p_value, abs=1e-12)
    assert other.outcome == MIRRORED.get(one.outcome, one.outcome)


@few
@given(seeds, users, st.floats(-5, 5))
def test_the_same_constant_in_both_changes_nothing(seed, count, constant):
    a, b = (columns["ndcg_at_10"] for columns in two("ndcg_at_10", seed, count))
    one, other = pair_of("ndcg_at_10", a, b), pair_of("ndcg_at_10", a + constant, b + constant)
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)
    # A draw that ties with the given difference may fall on either side once rounding has changed.
    assert other.p_value == pytest.approx(one.p_value, abs=0.01)


@few
@given(metrics, seeds, users)
def test_the_order_of_users_does_not_matter(metric, seed, count):
    a, b = two(metric, seed, count)
    order = np.random.default_rng(seed).permutation(count)
    shuffled = {name: column[order] for name, column in b.items()}
    assert verdict(metric, a, shuffled, users=[np.arange(count), order]) == verdict(metric, a, b)


@few
@given(metrics, seeds, users)
def test_a_third_run_does_not_change_a_pair_but_for_holms_correction(metric, seed, count):
    a, b = two(metric, seed, count)
    c, _ = two(metric, seed + 1, count)
    if metric in ("rmse", "mae"):
        c = {**c, "ratings": a["ratings"]}
    alone, among = pair_of(metric, a, b), verdict(metric, a, b, c).pair("a", "b")
    assert (among.low, among.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert among.p_value == pytest.approx(alone.p_value, abs=1e-12)
    assert among.p_adjusted >= alone.p_adjusted


@few
@given(metrics, seeds, users)
def test_values_are_those_of_the_definition_and_lie_in_their_interval(metric, seed, count):
    columns = two(metric, seed, count)
    for found, given_columns in zip(verdict(metric, *columns).runs, columns, strict=True):
        assert found.value == pytest.approx(value(metric, given_columns), rel=1e-12)
        assert found.low <= found.value <= found.high


@given(st.sampled_from(["precision_at_10", "f1_at_5", "rmse", "mae"]), seeds, st.integers(1, 20))
def test_doubling_every_user_changes_no_value(name, seed, count):
    """Estimators depend on means only, so a resample's weights need not add up to anything in particular."""
    protocol = "pointwise" if name in ("rmse", "mae") else "catalogue"
    estimator = estimator_for(protocol, name)
    sums = np.random.default_rng(seed).random(len(estimator.columns) + 1) * count + 0.1
    assert estimator.value(2 * sums) == pytest.approx(estimator.value(sums), rel=1e-12)


@given(st.lists(st.floats(0, 1), max_size=12))
@example([0.01, 0.04, 0.03])
def test_holm_is_its_definition(p_values):
    """By the step-down rule: the hypotheses rejected at a level are those whose adjusted p-value is at most it."""
    adjusted = holm(p_values)
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, position in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
            if p_values[position] * (len(p_values) - rank) > level:
                break
            rejected.add(position)
        assert rejected == {position for position, p in enumerate(adjusted) if p <= level}


def test_the_same_seed_gives_the_same_figures_and_another_seed_others():
    a, b = two("ndcg_at_10", 3, 50)
    assert pair_of("ndcg_at_10", a, b) == pair_of("ndcg_at_10", a, b)
    assert pair_of("ndcg_at_10", a, b, seed=1).low != pair_of("ndcg_at_10", a, b, seed=2).low


def test_ten_runs_give_forty_five_pairs_in_order():
    generator = np.random.default_rng(0)
    columns = [SCENES["ndcg_at_10"](generator, 60)[0] for _ in range(10)]
    found = verdict("ndcg_at_10", *columns)
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        (a, b) for place, a in enumerate("abcdefghij") for b in "abcdefghij"[place + 1 :]
    ]
    assert {pair.pairs_tested for pair in found.pairs} == {45}


def test_forty_five_pairs_of_clearly_different_runs_are_all_told_apart():
    base = np.random.default_rng(0).random(200)
    noise = np.random.default_rng(1).normal(0, 0.02, (10, 200))
    runs = [base + 0.1 * place + noise[place] for place in range(10)]
    assert {pair.outcome for pair in verdict("ndcg_at_10", *runs).pairs} == {"b_better"}


def test_run_keeps_what_it_was_given():
    assert len(run("a", np.zeros(3)).scores) == 3


def test_a_pair_that_is_a_claim_alone_is_none_among_many_pairs():
    generator = np.random.default_rng(2)
    base, noise = generator.random(200), generator.normal(0, 0.1, 200)
    better = base + noise - noise.mean() + 2.6 * noise.std() / np.sqrt(200)
    others = [base + generator.normal(0, 0.1, 200) for _ in range(6)]
    assert pair_of("ndcg_at_10", base, better).outcome == "b_better"
    among = verdict("ndcg_at_10", base, better, *others).pair("a", "b")
    assert among.low > 0
    assert among.p_adjusted > 0.05
    assert among.outcome == "no_difference_shown"

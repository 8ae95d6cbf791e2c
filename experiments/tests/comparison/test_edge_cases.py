"""Every odd input has one stated answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.learning.comparison.errors import CannotCompare
from experiments.learning.comparison.estimators import Estimator, mean
from experiments.learning.comparison.per_user import PerUser
from experiments.learning.comparison.verdict import RunScores, compare
from experiments.tests.comparison.scenes import SCENES, pair_of, run, value, verdict

NDCG = "ndcg_at_10"
BASE = np.random.default_rng(0).random(60)
NOISE = np.random.default_rng(1).normal(0, 0.02, 60)


def test_users_without_the_metric_are_left_out_and_counted():
    a, b = BASE.copy(), BASE + 0.1 + NOISE
    a[3] = np.nan
    b[[7, 8]] = np.nan
    found = verdict(NDCG, a, b)
    both = ~np.isnan(a) & ~np.isnan(b)
    pair = found.pairs[0]
    assert (pair.users, pair.users_only_a, pair.users_only_b) == (57, 2, 1)
    assert pair.difference == pytest.approx((b[both] - a[both]).mean())
    assert [(each.users, each.undefined) for each in found.runs] == [(59, 1), (58, 2)]
    assert found.runs[0].value == pytest.approx(np.nanmean(a))


def test_users_of_one_run_only_are_not_compared_and_counted():
    found = verdict(NDCG, BASE[:50], BASE[10:] + NOISE[10:], users=[np.arange(50), np.arange(10, 60)])
    pair = found.pairs[0]
    assert (pair.users, pair.users_only_a, pair.users_only_b) == (40, 10, 10)
    assert pair.difference == pytest.approx(NOISE[10:50].mean())
    assert found.runs[1].value == pytest.approx((BASE + NOISE)[10:].mean())


def test_no_common_users_is_not_enough_data():
    found = verdict(NDCG, BASE[:30], BASE[30:], users=[np.arange(30), np.arange(30, 60)])
    pair = found.pairs[0]
    assert (pair.outcome, pair.users, pair.difference, pair.low, pair.p_value) == (
        "not_enough_data",
        0,
        None,
        None,
        None,
    )
    assert found.runs[0].low is not None


def test_one_user_has_a_value_and_nothing_else():
    found = verdict(NDCG, [0.5], [0.7])
    assert found.runs[0].value == 0.5
    assert found.runs[0].standard_error is found.runs[0].low is None
    assert found.pairs[0].outcome == "not_enough_data"
    assert found.pairs[0].difference == pytest.approx(0.2)
    assert found.pairs[0].p_adjusted is None


@pytest.mark.parametrize(("count", "outcome"), [(29, "not_enough_data"), (30, "b_better")])
def test_the_minimum_number_of_users_is_thirty(count, outcome):
    assert pair_of(NDCG, BASE[:count], BASE[:count] + 0.5 + NOISE[:count]).outcome == outcome


def test_pairs_without_enough_data_do_not_count_in_holms_correction():
    users = [np.arange(60), np.arange(60), np.arange(50, 110)]
    found = verdict(NDCG, BASE, BASE + NOISE, BASE, users=users)
    tested = found.pair("a", "b")
    assert found.pair("a", "c").outcome == "not_enough_data"
    assert tested.pairs_tested == 1
    assert tested.p_adjusted == tested.p_limit > tested.p_value


def test_equal_values_for_every_user_are_identical():
    pair = pair_of(NDCG, BASE, BASE.copy())
    assert (pair.outcome, pair.difference, pair.low, pair.high, pair.p_adjusted) == ("identical", 0.0, 0.0, 0.0, 1.0)


def test_identical_on_few_users_is_not_enough_data():
    assert pair_of(NDCG, BASE[:5], BASE[:5]).outcome == "not_enough_data"


def test_the_same_mean_with_users_exchanged_is_no_difference_shown():
    pair = pair_of(NDCG, BASE, BASE[::-1])
    assert pair.outcome == "no_difference_shown"
    assert pair.p_value == 1.0
    assert pair.low < 0 < pair.high


def test_a_constant_gain_is_a_claim_with_an_interval_of_no_width():
    pair = pair_of(NDCG, BASE, BASE + 0.25)
    assert pair.outcome == "b_better"
    assert (pair.low, pair.high) == pytest.approx((0.25, 0.25))


def test_all_zero_against_all_zero_but_one_user_shows_nothing():
    a, b = np.zeros(60), np.zeros(60)
    b[0] = 1.0
    assert pair_of(NDCG, a, b).outcome == "no_difference_shown"


def test_f1_where_nobody_has_a_hit_is_zero():
    nothing = {"precision_at_10": np.zeros(40), "recall_at_10": np.zeros(40)}
    some, _ = SCENES["f1_at_10"](np.random.default_rng(0), 40)
    found = verdict("f1_at_10", nothing, some)
    assert found.runs[0].value == found.runs[0].low == found.runs[0].high == 0.0
    assert found.pairs[0].outcome == "b_better"


def test_lower_is_better_for_errors():
    a, b = SCENES["rmse"](np.random.default_rng(0), 200, 0.4)
    pair = pair_of("rmse", a, b)
    assert pair.difference < 0
    assert (pair.outcome, pair.better) == ("b_better", "b")
    assert pair_of("rmse", b, a).better == "a"


def test_an_effect_of_one_user_in_many_thousand_is_found_where_it_is_sure():
    users = 50_000
    a = np.random.default_rng(0).random(users)
    b = a + np.random.default_rng(1).normal(0.002, 0.05, users)
    pair = pair_of(NDCG, a, b, resamples=2000, swaps=1999)
    assert pair.outcome == "b_better"
    expected = stats.t.interval(0.95, users - 1, (b - a).mean(), stats.sem(b - a))
    assert (pair.low, pair.high) == pytest.approx(expected, abs=0.15 * stats.sem(b - a))


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_values_are_refused(bad):
    with pytest.raises(CannotCompare, match="infinite for 1 users"):
        run("a", np.append(BASE, bad))


def test_infinite_values_are_refused_when_records_are_made_by_hand():
    scores = PerUser("catalogue", np.arange(2), {NDCG: np.array([1.0, np.inf])})
    with pytest.raises(CannotCompare, match="infinite"):
        compare([RunScores("a", scores)], NDCG, "catalogue")


def test_doubled_users_are_refused():
    with pytest.raises(CannotCompare, match="User 4 occurs more than once"):
        PerUser.of("catalogue", [1, 4, 4], {NDCG: [0.1, 0.2, 0.3]})
    scores = PerUser("catalogue", np.array([1, 1]), {NDCG: np.array([0.1, 0.2])})
    with pytest.raises(CannotCompare, match="not distinct and ascending"):
        compare([RunScores("a", scores)], NDCG, "catalogue")


def test_columns_of_another_length_are_refused():
    with pytest.raises(CannotCompare, match=r"ndcg_at_10 has shape \(2,\)"):
        PerUser.of("catalogue", [1, 2, 3], {NDCG: [0.1, 0.2]})


def test_runs_tested_on_other_ratings_are_refused():
    a, b = SCENES["rmse"](np.random.default_rng(0), 50)
    more = {**b, "ratings": b["ratings"] + (np.arange(50) < 3)}
    with pytest.raises(CannotCompare, match="tested on different ratings: ratings differs for 3 of 50 users"):
        verdict("rmse", a, more)


def test_runs_with_other_relevant_items_are_refused():
    a, b = ({NDCG: BASE, "relevant": np.full(60, count)} for count in (3.0, 4.0))
    with pytest.raises(CannotCompare, match="relevant differs for 60 of 60 users"):
        verdict(NDCG, a, b)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": "coverage_at_10"}, "no function of per-user results"),
        ({"metric": "ndcg_at_0"}, "no function of per-user results"),
        ({"metric": "mrr_at_10"}, "no per-user column 'mrr_at_10'"),
        ({"protocol": "rated"}, "has catalogue results; asked for: rated"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"minimum_users": 1}, "minimum_users is 1"),
        ({"runs": []}, "No run was given"),
    ],
)
def test_what_cannot_be_asked(options, words):
    asked = {"runs": [run("a", BASE)], "metric": NDCG, "protocol": "catalogue"} | options
    with pytest.raises(CannotCompare, match=words):
        compare(asked.pop("runs"), asked.pop("metric"), asked.pop("protocol"), **asked)


def test_a_run_given_twice_is_refused():
    with pytest.raises(CannotCompare, match="given twice"):
        compare([run("a", BASE), run("a", BASE)], NDCG, "catalogue")


def test_users_without_ratings_are_refused():
    a, _ = SCENES["rmse"](np.random.default_rng(0), 40)
    with pytest.raises(CannotCompare, match="users without ratings"):
        verdict("rmse", {**a, "ratings": np.zeros(40)})


def test_one_run_has_its_interval_and_no_pair():
    found = verdict(NDCG, BASE)
    assert found.pairs == ()
    assert found.runs[0].low < BASE.mean() < found.runs[0].high


def test_a_metric_of_somebodys_own_is_compared_by_its_estimator():
    own = Estimator("hits_per_user", ("hits",), mean)
    runs = [run(key, {"hits": BASE + gain + NOISE * gain}) for key, gain in (("a", 0.0), ("b", 1.0))]
    found = compare(runs, "hits_per_user", "catalogue", estimator=own)
    assert found.pairs[0].outcome == "b_better"
    assert found.runs[1].value == pytest.approx((BASE + 1 + NOISE).mean())


def test_confidence_is_that_of_the_interval():
    a, b = SCENES["mae"](np.random.default_rng(0), 80)
    wide, narrow = pair_of("mae", a, b, confidence=0.99), pair_of("mae", a, b, confidence=0.8)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert value("mae", a) == pytest.approx(verdict("mae", a).runs[0].value)

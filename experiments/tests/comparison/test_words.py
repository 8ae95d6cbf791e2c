"""Verdicts in sentences: every outcome, the right winner, and no bound that reads as zero when it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.learning.comparison.results import Comparison, PairVerdict, RunValue
from experiments.learning.comparison.verdict import Best, best_of, best_sentence, sentence
from experiments.tests.comparison.scenes import verdict

NAMES = {"a": "A", "b": "B", "c": "C", "d": "D"}
LABEL = "NDCG@10"
PAIR = PairVerdict("a", "b", 0.36, 0.372, 0.012, 0.008, 0.016, 0.0004, 0.001, 943, 0, 0, "b_better")


def test_a_claim_names_winner_gain_interval_p_and_users():
    expected = "B is better than A on NDCG@10 by 0.012 (95 % CI 0.008 to 0.016, p = 0.001, 943 users)."
    assert sentence(PAIR, NAMES, LABEL) == expected


def test_the_winner_comes_first_whichever_run_it_is():
    mirrored = replace(PAIR, difference=-0.012, low=-0.016, high=-0.008, outcome="a_better")
    assert sentence(mirrored, NAMES, LABEL).startswith("A is better than B on NDCG@10 by 0.012 (95 % CI 0.008 to 0.016")


def test_a_lower_error_is_said_to_be_better():
    pair = replace(PAIR, difference=-0.02, low=-0.03, high=-0.01, higher_is_better=False)
    assert sentence(pair, NAMES, "RMSE") == (
        "B is better than A on RMSE by 0.020 (lower is better, 95 % CI 0.010 to 0.030, p = 0.001, 943 users)."
    )


def test_no_difference_shown():
    pair = replace(PAIR, difference=0.001, low=-0.003, high=0.005, p_adjusted=0.6, outcome="no_difference_shown")
    assert sentence(pair, NAMES, LABEL) == (
        "No difference shown between A and B on NDCG@10: the difference is 0.001 (95 % CI −0.003 to 0.005, 943 users)."
    )


def test_an_interval_without_zero_and_without_a_claim_says_why():
    pair = replace(PAIR, p_adjusted=0.0501, pairs_tested=10, outcome="no_difference_shown")
    assert "(95 % CI 0.008 to 0.016, p = 0.051 after correction for 10 pairs, 943 users)" in sentence(
        pair, NAMES, LABEL
    )


def test_not_enough_data_and_identical():
    few = replace(PAIR, outcome="not_enough_data", users=1, users_only_a=3, low=None, high=None, p_adjusted=None)
    assert sentence(few, NAMES, LABEL) == (
        "Not enough data to compare A and B on NDCG@10: 1 user in common, at least 30 are needed. "
        "Not compared: 3 users only of A."
    )
    same = replace(PAIR, outcome="identical", users_only_b=1)
    assert sentence(same, NAMES, LABEL) == (
        "A and B are identical on NDCG@10 for each of 943 users. Not compared: 1 user only of B."
    )


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.00004, 0.0161, "0.00004 to 0.01610"),
        (0.0002, 0.0003, "0.00020 to 0.00030"),
        (0.5, 1.5, "0.500 to 1.500"),
    ],
)
def test_no_bound_reads_as_zero_when_it_is_not(low, high, shown):
    assert shown in sentence(replace(PAIR, low=low, high=high), NAMES, LABEL)


def test_a_tiny_p_value_is_below_a_thousandth():
    assert "p < 0.001," in sentence(replace(PAIR, p_adjusted=1e-30), NAMES, LABEL)


def comparison(values, outcomes, higher=True):
    """Runs a, b, c … with these values, pairs with these outcomes by key pair ("ab")."""
    runs = tuple(
        RunValue(key, value, 0.01, None if value is None else value - 0.02, None if value is None else value + 0.02, 99)
        for key, value in zip("abcd", values, strict=False)
    )
    pairs = tuple(
        replace(PAIR, a=both[0], b=both[1], outcome=outcome, higher_is_better=higher)
        for both, outcome in outcomes.items()
    )
    return Comparison("ndcg_at_10", "catalogue", "all", higher, 0.95, runs, pairs, 30, 4000, 9999, 1)


NOTHING = "no_difference_shown"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (comparison([0.1, 0.3], {"ab": "b_better"}), "B is shown to be better than every other run on NDCG@10."),
        (
            comparison([0.1, 0.3, 0.29], {"ab": "b_better", "ac": "b_better", "bc": NOTHING}),
            "B leads on NDCG@10, but is not shown to be better than C.",
        ),
        (
            comparison([0.1, 0.2, 0.3], {"ab": NOTHING, "ac": NOTHING, "bc": NOTHING}),
            "C leads on NDCG@10, but is not shown to be better than B or A.",
        ),
        (comparison([0.2, 0.2], {"ab": "identical"}), "A and B scored exactly the same on NDCG@10."),
        (
            comparison([0.9, 0.8, None], {"ab": "a_better", "ac": "not_enough_data", "bc": "not_enough_data"}),
            "A is shown to be better than B on NDCG@10. Not enough data on C.",
        ),
        (
            comparison([0.9, 0.9, 0.1], {"ab": "identical", "ac": "a_better", "bc": "a_better"}),
            "A is shown to be better than C on NDCG@10. B scored exactly the same.",
        ),
        (comparison([None, None], {"ab": "not_enough_data"}), "Not enough data to say which run leads on NDCG@10."),
        (comparison([0.5], {}), "A is the only run with enough users on NDCG@10."),
        (
            comparison([0.1, 0.2, 0.3], {"ab": "a_better", "ac": "b_better", "bc": "a_better"}),
            "No run leads on NDCG@10: each is shown to be worse than another on the users the two share.",
        ),
    ],
)
def test_the_comparison_as_a_whole(found, expected):
    assert best_sentence(found, NAMES, LABEL) == expected


def test_the_leader_has_the_lowest_error_where_lower_is_better():
    found = comparison([0.9, 0.8], {"ab": NOTHING}, higher=False)
    assert best_of(found) == Best("b", undecided=("a",))


def test_the_highest_value_does_not_lead_where_another_is_shown_to_be_better():
    """Values are over each run's own users; the verdict over those that both have is what counts."""
    assert best_of(comparison([0.5, 0.4], {"ab": "b_better"})).leader == "b"


def test_real_figures_give_whole_sentences():
    generator = np.random.default_rng(0)
    base = generator.random(100)
    found = verdict("ndcg_at_10", base, base + generator.normal(0.1, 0.1, 100), base + generator.normal(0, 0.1, 100))
    for pair in found.pairs:
        text = sentence(pair, NAMES, LABEL)
        assert text.endswith("users).")
        assert "None" not in text
        assert "nan" not in text

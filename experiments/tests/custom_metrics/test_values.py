"""What expressions mean, case by case, against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.learning.custom_metrics import compile_expression
from experiments.tests.custom_metrics.worlds import METRICS, RATED, tables

VALUES = {
    "mean(catalogue.ndcg_at_10)": 0.7 / 3,
    "mean(catalogue.ndcg_at_10 where relevant >= 5)": 0.35,
    "mean(rated.ndcg_at_10)": 0.7,
    "catalogue: mean(1 / first_rank)": (1 + 1 / 9 + 1 / 4 + 1 / 80) / 4,
    "catalogue: share(first_rank <= 4)": 0.5,
    "share(catalogue.first_rank <= 4 where relevant > 0)": 2 / 3,
    "count(catalogue.first_rank > 4)": 2.0,
    "count(catalogue.first_rank > 1000)": 0.0,
    "count(catalogue.first_rank > 1 where relevant > 1000)": 0.0,
    "mean(catalogue.first_rank where new_users)": 40.5,
    "mean(catalogue.first_rank where not new_users and relevant > 0)": 4.0,
    "sum(catalogue.hits_at_10) / sum(catalogue.relevant)": 3 / 12,
    "median(catalogue.first_rank)": 6.5,
    "quantile(catalogue.first_rank, 0.25)": 3.25,
    "quantile(catalogue.first_rank, 1 - metrics.rated.f1_at_10)": 3.25,
    "std(rated.ndcg_at_10)": 0.1,
    "min(catalogue.first_rank) + max(catalogue.first_rank)": 81.0,
    "max(mean(rated.ndcg_at_10), 0.1, 0.3) - min(metrics.rated.f1_at_10, 1)": -0.05,
    "mean(rated.ndcg_at_10 - catalogue.ndcg_at_10)": 0.4,
    "share(catalogue.first_rank > mean(catalogue.first_rank))": 0.25,
    "metrics.rated.f1_at_10 / (1 + metrics.pointwise.rmse)": 0.75 / 1.9,
    "-metrics.rated.f1_at_10 ^ 2": -0.5625,
    "2 ^ -1 ^ 2 * metrics.rated.f1_at_10": 0.375,
    "2 - 3 - 4 + metrics.rated.f1_at_10": -4.25,
    "8 / 4 / 2 * metrics.rated.f1_at_10": 0.75,
    "mean(if(catalogue.relevant > 0, hits_at_10 / relevant, 0))": (0.4 + 1 / 6) / 4,
    "mean(clip(catalogue.first_rank, 2, 10))": (2 + 9 + 4 + 10) / 4,
    "sqrt(mean(catalogue.first_rank where relevant == 6))": 2.0,
    "mean(log(catalogue.relevant))": (math.log(5) + math.log(6) + 0) / 3,
    "mean(log2(catalogue.first_rank) where first_rank != 9)": (0 + 2 + math.log2(80)) / 3,
    "mean(abs(catalogue.first_rank - 5) * exp(0))": (4 + 4 + 1 + 75) / 4,
    "if(count(rated.relevant > 9) > 0, 1 / 0, metrics.pointwise.rmse)": 0.9,
}


@pytest.mark.parametrize("text", VALUES)
def test_value(text):
    outcome = compile_expression(text).evaluate(tables(), METRICS)
    assert outcome.value == pytest.approx(VALUES[text], rel=1e-12), outcome
    assert outcome.reason == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrics.rated.f1_at_10 / (metrics.rated.f1_at_10 - 0.75)", "it divides by zero"),
        ("0 / (metrics.rated.f1_at_10 - 0.75)", "it divides by zero"),
        ("log(-metrics.rated.f1_at_10)", "it takes the logarithm of a number that is not above 0"),
        ("sqrt(-metrics.rated.f1_at_10)", "it takes the square root of a negative number"),
        ("(9 + metrics.rated.f1_at_10) ^ 9 ^ 9 ^ 9", "the power is too large or not a real number"),
        ("(-metrics.rated.f1_at_10) ^ 0.5", "the power is too large or not a real number"),
        ("exp(1000 * metrics.rated.f1_at_10)", "its result is too large"),
        ("sum(1e308 + 0 * catalogue.relevant)", "the sum is too large"),
        ("mean(catalogue.ndcg_at_10 where relevant > 100)", "no user has a defined value"),
        ("count(log(-catalogue.first_rank) > 0)", "no user has a defined value"),
        ("mean(catalogue.relevant) + 1 / mean(log(-rated.relevant))", "no user has a defined value"),
        ("std(catalogue.first_rank where relevant == 6)", "std needs 2 users with a defined value; there is 1"),
        ("quantile(catalogue.first_rank, metrics.rated.f1_at_10 + 1)", "q in quantile(a, q) is 1.75"),
        ("metrics.catalogue.ndcg_at_10 + 1", "needs metrics.catalogue.ndcg_at_10, which this run does not have"),
        ("metrics.rated.recall_at_10 * 2", "needs metrics.rated.recall_at_10, which this run does not have"),
        ("share(rated.relevant > metrics.rated.recall_at_10)", "needs metrics.rated.recall_at_10"),
        ("count(rated.relevant > metrics.rated.recall_at_10)", "needs metrics.rated.recall_at_10"),
        ("mean(catalogue.last_rank) + mean(rated.first_rank)", "needs last_rank, which this run's stored results do"),
        ("mean(pointwise.ratings)", "needs ratings, which this run's stored results do not have"),
    ],
)
def test_what_is_undefined_has_a_reason_and_no_number(text, reason):
    outcome = compile_expression(text).evaluate(tables(), METRICS)
    assert outcome.value is None
    assert outcome.reason.startswith(reason)


def test_a_protocol_without_users_is_named():
    outcome = compile_expression("mean(rated.relevant)").evaluate(tables(rated={}), METRICS)
    assert outcome.reason.startswith("needs relevant") or "rated protocol" in outcome.reason


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("mean(catalogue.ndcg_at_10)", (3, 1)),
        ("mean(catalogue.ndcg_at_10 where relevant >= 5)", (2, 0)),
        ("mean(catalogue.first_rank where 1 / relevant > 0.1)", (3, 1)),
        ("mean(rated.ndcg_at_10 - catalogue.ndcg_at_10)", (1, 1)),
        ("count(catalogue.ndcg_at_10 > 0.3)", (3, 1)),
        ("share(catalogue.first_rank > mean(catalogue.ndcg_at_10))", (4, 0)),
        ("metrics.rated.f1_at_10 * 2", (0, 0)),
    ],
)
def test_users_counted_and_left_out_are_those_of_the_first_aggregate(text, users):
    outcome = compile_expression(text).evaluate(tables(), METRICS)
    assert (outcome.users_counted, outcome.users_left_out) == users


def test_what_is_undefined_cannot_make_a_condition_true_and_not_hide_one():
    """User 2 has no NDCG: false and undefined is false, true or undefined is true, the rest is undefined."""
    counts = {
        "share(catalogue.ndcg_at_10 > 0 and relevant > 0)": 4,
        "share(catalogue.ndcg_at_10 > 0 and relevant == 0)": 3,
        "share(catalogue.ndcg_at_10 > 0 or relevant == 0)": 4,
        "share(catalogue.ndcg_at_10 > 0 or relevant > 0)": 3,
        "share(not catalogue.ndcg_at_10 > 0)": 3,
    }
    for text, counted in counts.items():
        assert compile_expression(text).evaluate(tables(), METRICS).users_counted == counted, text


def test_which_metrics_are_plain_means_and_what_each_user_contributes():
    plain = compile_expression("mean(rated.hits_at_10 / relevant where relevant > 2)")
    assert plain.is_plain_mean
    users, values = plain.contributions(tables())
    expected = {code: row["hits_at_10"] / row["relevant"] for code, row in RATED.items() if row["relevant"] > 2}
    assert dict(zip(users.tolist(), values.tolist(), strict=True)) == expected
    assert plain.evaluate(tables(), {}).value == pytest.approx(np.mean(list(expected.values())))
    for text in (
        "median(rated.relevant)",
        "2 * mean(rated.relevant)",
        "share(rated.relevant > mean(rated.relevant))",
        "mean(rated.relevant * metrics.rated.f1_at_10)",
    ):
        compiled = compile_expression(text)
        assert not compiled.is_plain_mean, text
        with pytest.raises(ValueError, match="no plain mean"):
            compiled.contributions(tables())


def test_needs_are_told_before_anything_is_read():
    needs = compile_expression(
        "mean(catalogue.first_rank where new_users) + share(rated.relevant > 2) * metrics.rated.f1_at_10"
    ).needs
    assert needs.columns == {"catalogue": ("first_rank", "segment"), "rated": ("relevant",)}
    assert needs.metrics == (("rated", "f1_at_10"),)

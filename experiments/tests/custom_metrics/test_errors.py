"""What is wrong is said in words, at its place, with what would be accepted and what was probably meant."""

from __future__ import annotations

import pytest

from experiments.learning.custom_metrics import ExpressionError, compile_expression

CASES = [
    # text, the piece that is meant, a part of the message, the suggestion
    ("", "", "is empty", ""),
    ("mean(catalogue.ndgc_at_10)", "catalogue.ndgc_at_10", "no column ndgc_at_10", "catalogue.ndcg_at_10"),
    ("mean(catalogue.ndcg)", "catalogue.ndcg", "no column ndcg", "catalogue.ndcg_at_10"),
    ("mean(ndcg_at_10)", "ndcg_at_10", "under catalogue and rated; say which", "catalogue.ndcg_at_10"),
    ("catalogue: mean(squared_error)", "squared_error", "measured under pointwise", "pointwise.squared_error"),
    ("cataloge: mean(relevant)", "cataloge", "no protocol cataloge", "catalogue"),
    ("mean(katalog.relevant)", "katalog.relevant", "no protocol katalog", "catalogue.relevant"),
    ("metrics.catalog.rmse", "metrics.catalog.rmse", "metrics.PROTOCOL.NAME", "metrics.pointwise.rmse"),
    ("metrics.custom.mine", "metrics.custom.mine", "write its expression here", ""),
    ("avg(rated.relevant)", "avg", "no function avg", ""),
    ("Mean(rated.relevant)", "Mean", "no function Mean", "mean"),
    ("mean + 1", "mean", "is a function", ""),
    ("rated.relevant", "rated.relevant", "a value of each user", ""),
    ("mean(mean(rated.relevant))", "mean(rated.relevant)", "one figure of the run", ""),
    ("mean(rated.relevant where 1 < 2)", "1 < 2", "where takes a value of each user", ""),
    ("share(rated.relevant)", "rated.relevant", "share takes a condition", ""),
    ("mean(rated.relevant > 2)", "rated.relevant > 2", "Write if(condition, 1, 0)", ""),
    ("mean(rated.relevant) > 2", "mean(rated.relevant) > 2", "a metric is a number", ""),
    ("1 + rated.new_users", "rated.new_users", "+ takes a number", ""),
    ("mean(1 < rated.relevant < 3)", "<", "not chained", "and"),
    ("quantile(rated.relevant, 50)", "50", "a share from 0 to 1; given: 50", ""),
    ("quantile(rated.relevant, rated.relevant)", "rated.relevant", "one figure, such as 0.9", ""),
    ("quantile(rated.relevant)", "quantile(rated.relevant)", "is given 1 value; accepted: quantile(a, q)", ""),
    ("mean(rated.relevant, 2)", "mean(rated.relevant, 2)", "accepted: mean(a)", ""),
    ("abs(rated.relevant where 1)", "1", "where has no place here", ""),
    ("mean()", ")", "is given nothing", ""),
    ("mean(rated.relevant", "(", "not closed", ""),
    ("mean(rated.relevant))", ")", "not expected here", ""),
    ("mean(rated.relevant AND 1)", "AND", "not expected here", "and"),
    ("metrics.pointwise.rmse 2", "2", "not expected here", ""),
    ("2 ** metrics.pointwise.rmse", "**", "A power is written ^", "^"),
    ("mean(rated.ndcg@10)", "@", "_at_", "_at_"),
    ("share(rated.relevant = 2)", "=", "compared with ==", "=="),
    ("share(rated.relevant > 1 && 1)", "&&", "the word and", "and"),
    ("__import__('os').system('ls')", "'", "in quotes", ""),
    ("().__class__.__bases__", ".", "The character '.' is not accepted", ""),
    ("mean.__globals__", "mean.__globals__", "no protocol mean", ""),
    ("lambda: 1", "lambda", "no protocol lambda", ""),
    ("mean(rated.relevant) \N{MULTIPLICATION SIGN} 2", "\N{MULTIPLICATION SIGN}", "is not accepted", ""),
    ("mean(rated.relevant) * 10x", "10x", "neither a number nor a name", ""),
    ("1e999 * mean(rated.relevant)", "1e999", "too large", ""),
    ("9 ^ 9 ^ 9", "9 ^ 9 ^ 9", "the same for every run", ""),
]


@pytest.mark.parametrize(("text", "piece", "words", "suggestion"), CASES, ids=[case[0][:40] for case in CASES])
def test_the_error_points_at_the_piece(text, piece, words, suggestion):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    error = caught.value
    assert words in error.message
    assert text[error.position : error.position + len(piece)] == piece
    assert error.length == max(1, len(piece))
    assert error.suggestion == suggestion


@pytest.mark.parametrize(
    "text",
    [
        "(" * 31 + "metrics.pointwise.rmse" + ")" * 31,
        "-" * 40 + "metrics.pointwise.rmse",
        "2 ^ " * 40 + "metrics.pointwise.rmse",
        "abs(" * 31 + "metrics.pointwise.rmse" + ")" * 31,
        "not " * 200 + "1",
        "(" * 999,
    ],
)
def test_depth_is_bounded(text):
    with pytest.raises(ExpressionError, match="More than 30 things"):
        compile_expression(text)


def test_length_is_bounded_and_a_long_flat_expression_is_not_deep():
    longest = "metrics.pointwise.rmse" + "+1" * 489
    assert len(longest) == 1000
    assert compile_expression(longest)
    with pytest.raises(ExpressionError, match="1,001 characters; up to 1,000"):
        compile_expression(longest + "1")
    with pytest.raises(ExpressionError, match="up to 10 values"):
        compile_expression("max(" + ",".join(["metrics.pointwise.rmse"] * 11) + ")")

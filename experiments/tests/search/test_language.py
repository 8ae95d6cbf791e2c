"""What the query bar understands: examples with their trees, written by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from experiments.query import And, Comparison, Field, Not, Nullness, Or, Words, parse
from experiments.query.nodes import Ago, Day, RecentDay


def attribute(name: str) -> Field:
    return Field("attribute", name)


def compared(field: Field, operator: str, *values: object) -> Comparison:
    return Comparison(field, operator, values)


F1 = Field("metric", "f1_score")
RATE = Field("parameter", "learning_rate")
WEEK = Ago(dt.timedelta(days=7))
HALF_PAST_TWO = dt.datetime(2026, 11, 1, 14, 30)  # noqa: DTZ001  the reader's own zone


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", And(())),
        ("   ", And(())),
        ("hybrid", Words("hybrid")),
        ('"my run"', Words("my run")),
        ("hybrid 100k", And((Words("hybrid"), Words("100k")))),
        ("metrics.f1_score > 0.5", compared(F1, ">", 0.5)),
        ("metrics.f1_score>.5", compared(F1, ">", 0.5)),
        ("METRICS.f1_score == 1e-3", compared(F1, "=", 0.001)),
        ("metrics.rated.f1_at_10 <> 1", compared(Field("metric", "f1_at_10", "rated"), "!=", 1.0)),
        ('metrics."val loss" < 2', compared(Field("metric", "val loss"), "<", 2.0)),
        ("metrics.logged.`a.b c` < 2", compared(Field("metric", "a.b c", "logged"), "<", 2.0)),
        ("metrics.eval/loss < 2", compared(Field("metric", "eval/loss"), "<", 2.0)),
        ('params.learning_rate = "0.001"', compared(RATE, "=", "0.001")),
        ("params.learning_rate = 0.001", compared(RATE, "=", 0.001)),
        ('params.learning_rate > "0.001"', compared(RATE, ">", 0.001)),
        ("params.learning_rate IN (0.1, auto)", compared(RATE, "in", 0.1, "auto")),
        ("params.learning_rate NOT IN (0.1)", compared(RATE, "not in", 0.1)),
        ("params.learning_rate IS NULL", Nullness(RATE, missing=True)),
        ("params.learning_rate is not null", Nullness(RATE, missing=False)),
        ("attributes.status = 'FAILED'", compared(attribute("status"), "=", "failed")),
        ("status = FINISHED", compared(attribute("status"), "=", "completed")),
        ("run_name LIKE 'a%'", compared(attribute("name"), "like", "a%")),
        ("name not ilike 'a%'", compared(attribute("name"), "not ilike", "a%")),
        ("name ~ hybrid", compared(attribute("name"), "~", "hybrid")),
        ("name !~ 'it''s'", compared(attribute("name"), "!~", "it's")),
        ("tags = nightly", compared(Field("tag", ""), "=", "nightly")),
        ('tags.team = "x"', compared(Field("tag", "team"), "=", "x")),
        ("duration > 90 s", compared(attribute("duration"), ">", dt.timedelta(seconds=90))),
        ('duration > "1 m 12 s"', compared(attribute("duration"), ">", dt.timedelta(seconds=72))),
        ("duration > 1 m 12 s a", And((compared(attribute("duration"), ">", dt.timedelta(seconds=72)), Words("a")))),
        ("created_at > '7 days ago'", compared(attribute("created_at"), ">", Ago(dt.timedelta(days=7)))),
        ("created > 7 days ago x", And((compared(attribute("created_at"), ">", WEEK), Words("x")))),
        ("created_at >= 2026-11-01", compared(attribute("created_at"), ">=", Day(dt.date(2026, 11, 1)))),
        ("created_at < 2026-11-01 14:30", compared(attribute("created_at"), "<", HALF_PAST_TWO)),
        ("created_at = yesterday", compared(attribute("created_at"), "=", RecentDay(1))),
        ("a or b and c", Or((Words("a"), And((Words("b"), Words("c")))))),
        ("(a or b) and c", And((Or((Words("a"), Words("b"))), Words("c")))),
        ("a && b || c", Or((And((Words("a"), Words("b"))), Words("c")))),
        ("not a b", And((Not(Words("a")), Words("b")))),
        ("NOT (a OR b)", Not(Or((Words("a"), Words("b"))))),
        ("a AND (b AND (c AND d))", And(tuple(map(Words, "abcd")))),
        ("hybrid metrics.f1_score > 0.5", And((Words("hybrid"), compared(F1, ">", 0.5)))),
        ('"and"', Words("and")),
    ],
)  # fmt: skip
def test_text_becomes_this_tree(text, tree):
    assert parse(text) == tree


def test_the_example_of_the_page():
    tree = parse('metrics.f1_score > 0.5 and params.learning_rate = 0.001 or name ~ "hybrid"')
    assert tree == Or(
        (
            And((compared(F1, ">", 0.5), compared(RATE, "=", 0.001))),
            compared(attribute("name"), "~", "hybrid"),
        )
    )

"""Any text is either read or refused in words; any expression has the value that plain Python gives it."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.custom_metrics import ExpressionError, compile_expression
from experiments.tests.custom_metrics.worlds import CATALOGUE, METRICS, tables

WORDS = (
    "mean share count quantile min if ( ) , + - * / ^ < >= == and or not where : . 1 0.5 1e3 @ ' \" [ ] { } = ! && ** "
    "catalogue rated catalogue. catalogue.ndcg_at_10 relevant first_rank new_users metrics.rated.f1_at_10 __class__ "
    "lambda import eval 0x 9999999999"
)
PIECES = st.sampled_from([*WORDS.split(), "\x00", "\n", "é"])
ROWS = list(CATALOGUE.values())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES).map("".join)))
def test_random_text_raises_nothing_but_the_languages_own_error(text):
    compiled = refused = None
    try:
        compiled = compile_expression(text)
    except ExpressionError as error:
        refused = error
    if compiled is None:
        assert refused.message
        assert 0 <= refused.position <= len(text)
    else:
        value = compiled.evaluate(tables(), METRICS).value
        assert value is None or math.isfinite(value)


# --- Expressions beside what plain Python makes of them, one user after the other; None is undefined ------------------
def defined(compute):
    def apply(*values):
        if any(value is None for value in values):
            return None
        try:
            result = compute(*values)
        except (ArithmeticError, ValueError):
            return None
        return result if not isinstance(result, complex) and math.isfinite(result) else None

    return apply


BINARY = {
    "+": defined(lambda a, b: a + b),
    "-": defined(lambda a, b: a - b),
    "*": defined(lambda a, b: a * b),
    "/": defined(lambda a, b: a / b),
}
CALLS = {
    "abs": (1, defined(abs)),
    "sqrt": (1, defined(math.sqrt)),
    "log": (1, defined(math.log)),
    "exp": (1, defined(math.exp)),
    "min": (2, defined(min)),
    "max": (3, defined(max)),
    "clip": (3, defined(lambda a, low, high: min(max(a, low), high))),
}
COMPARE = {
    "<": defined(lambda a, b: a < b),
    "<=": defined(lambda a, b: a <= b),
    ">": defined(lambda a, b: a > b),
    ">=": defined(lambda a, b: a >= b),
    "==": defined(lambda a, b: a == b),
    "!=": defined(lambda a, b: a != b),
}


def both(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def chosen(condition, a, b):
    return None if condition is None else a if condition else b


def joined(symbol, compute, left, right):
    return f"({left[0]} {symbol} {right[0]})", lambda row: compute(left[1](row), right[1](row))


def column(name):
    return name, lambda row: None if math.isnan(row[name]) else row[name]


def constant(value):
    return repr(value), lambda row: value


LEAVES = st.one_of(
    st.sampled_from(["ndcg_at_10", "first_rank", "relevant", "hits_at_10"]).map(column),
    st.sampled_from([0.0, 1.0, 2.0, 0.5, 10.0]).map(constant),
)


def arithmetic(inner):
    return st.builds(
        lambda item, a, b: joined(item[0], item[1], a, b), st.sampled_from(list(BINARY.items())), inner, inner
    )


EXACT = st.recursive(LEAVES, arithmetic, max_leaves=6)
"""Arithmetic that numpy and Python round alike, so that comparisons cannot differ by a rounding."""
CONDITIONS = st.recursive(
    st.one_of(
        st.builds(
            lambda item, a, b: joined(item[0], item[1], a, b), st.sampled_from(list(COMPARE.items())), EXACT, EXACT
        ),
        st.just(("new_users", lambda row: row["new_users"] == 1.0)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: joined("and", both, a, b), inner, inner),
        st.builds(lambda a, b: joined("or", either, a, b), inner, inner),
        inner.map(lambda a: (f"not {a[0]}", lambda row: None if a[1](row) is None else not a[1](row))),
    ),
    max_leaves=4,
)


def called(item, values):
    name, (arity, compute) = item
    given_values = values[:arity]
    text = f"{name}({', '.join(value[0] for value in given_values)})"
    return text, lambda row: compute(*(value[1](row) for value in given_values))


def conditional(condition, a, b):
    return f"if({condition[0]}, {a[0]}, {b[0]})", lambda row: chosen(condition[1](row), a[1](row), b[1](row))


NUMBERS = st.recursive(
    EXACT,
    lambda inner: st.one_of(
        arithmetic(inner),
        st.builds(called, st.sampled_from(list(CALLS.items())), st.lists(inner, min_size=3, max_size=3)),
        st.builds(conditional, CONDITIONS, inner, inner),
        inner.map(lambda a: (f"-{a[0]}", lambda row: None if a[1](row) is None else -a[1](row))),
    ),
    max_leaves=8,
)
AGGREGATES = {
    "mean": (1, statistics.fmean),
    "sum": (1, math.fsum),
    "median": (1, statistics.median),
    "std": (2, statistics.stdev),
    "min": (1, min),
    "max": (1, max),
}


def of_users(condition):
    """The same condition, certainly one of each user."""
    return joined("and", both, condition, ("first_rank > 0", lambda row: True))


def with_where(text, where):
    return text if where is None else f"{text} where {of_users(where)[0]}"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(AGGREGATES)), NUMBERS, st.none() | CONDITIONS)
def test_any_aggregate_has_the_value_of_plain_python(name, number, where):
    least, compute = AGGREGATES[name]
    text, of = joined("+", BINARY["+"], number, ("0 * first_rank", lambda row: 0.0))
    rows = [row for row in ROWS if where is None or where[1](row) is True]
    values = [value for row in rows if (value := of(row)) is not None]
    scale = max((abs(value) for value in values), default=1.0)
    if scale < 1e150:  # the squares of larger numbers overflow in numpy and not in Python's fractions
        check(f"catalogue: {name}({with_where(text, where)})", compute(values) if len(values) >= least else None, scale)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["share", "count"]), CONDITIONS, st.none() | CONDITIONS)
def test_any_share_and_count_has_the_value_of_plain_python(name, condition, where):
    text, of = of_users(condition)
    known = [True if where is None else where[1](row) for row in ROWS]
    rows = [row for row, truth in zip(ROWS, known, strict=True) if truth is True]
    truths = [truth for row in rows if (truth := of(row)) is not None]
    left_out = known.count(None) + len(rows) - len(truths)
    expected: float | None = sum(truths) / len(truths) if truths else None
    if name == "count":
        expected = None if not truths and left_out else float(sum(truths))
    check(f"catalogue: {name}({with_where(text, where)})", expected, 1.0)


def check(text, expected, scale):
    if len(text) > 1000:
        return
    value = compile_expression(text).evaluate(tables(), METRICS).value
    if expected is None or value is None:
        assert value == expected, text
    else:
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale), text

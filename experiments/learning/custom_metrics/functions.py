"""Functions and operators of the language: how each is called and what it computes.

All of it is float64 arithmetic of numpy, one value a user or one of the run. A result that is no finite number is
undefined, which is NaN throughout and never leaves the language as a number. A condition is 1 (true), 0 (false) or NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.learning.metrics.arrays import Floats

ValueKind = Literal["number", "condition"]
Apply = Callable[..., Floats]

MOST_VALUES = 10
"""So many values at once, and no more, hold memory together."""


@dataclass(frozen=True)
class Function:
    """``takes`` are the kinds of its values; up to ``most`` are accepted, further ones being of the last kind.

    ``fails`` says in words when a defined value gives none.
    """

    name: str
    signature: str
    words: str
    takes: tuple[ValueKind, ...]
    gives: ValueKind
    apply: Apply
    most: int = 0
    fails: str = "its result is too large"


def _finite(result: Floats) -> Floats:
    return np.where(np.isfinite(result), result, np.nan)


def _number(compute: Callable[..., Floats]) -> Apply:
    def apply(*values: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return _finite(compute(*values))

    return apply


def _comparison(compare: Callable[[Floats, Floats], Floats]) -> Apply:
    def apply(left: Floats, right: Floats) -> Floats:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right))

    return apply


def _and(left: Floats, right: Floats) -> Floats:
    """False wherever one side is, whatever the other: what is undefined cannot make it true."""
    return np.where((left == 0) | (right == 0), 0.0, left * right)


def _or(left: Floats, right: Floats) -> Floats:
    return np.where((left == 1) | (right == 1), 1.0, left + right)


def _if(condition: Floats, yes: Floats, no: Floats) -> Floats:
    """Only the branch that is chosen needs to be defined."""
    return np.where(np.isnan(condition), np.nan, np.where(condition == 1, yes, no))


def _least(*values: Floats) -> Floats:
    least = values[0]
    for value in values[1:]:
        least = np.minimum(least, value)
    return least


def _greatest(*values: Floats) -> Floats:
    return -_least(*(-value for value in values))


OPERATORS = {
    function.name: function
    for function in (
        Function("+", "a + b", "sum", ("number", "number"), "number", _number(np.add)),
        Function("-", "a - b", "difference", ("number", "number"), "number", _number(np.subtract)),
        Function("*", "a * b", "product", ("number", "number"), "number", _number(np.multiply)),
        Function(
            "/", "a / b", "quotient", ("number", "number"), "number", _number(np.divide), fails="it divides by zero"
        ),
        Function(
            "^",
            "a ^ b",
            "power",
            ("number", "number"),
            "number",
            _number(np.power),
            fails="the power is too large or not a real number",
        ),
        Function("sign -", "-a", "the opposite", ("number",), "number", np.negative),
        Function("sign +", "+a", "the value itself", ("number",), "number", np.positive),
        Function("<", "a < b", "less", ("number", "number"), "condition", _comparison(np.less)),
        Function("<=", "a <= b", "at most", ("number", "number"), "condition", _comparison(np.less_equal)),
        Function(">", "a > b", "more", ("number", "number"), "condition", _comparison(np.greater)),
        Function(">=", "a >= b", "at least", ("number", "number"), "condition", _comparison(np.greater_equal)),
        Function("==", "a == b", "equal", ("number", "number"), "condition", _comparison(np.equal)),
        Function("!=", "a != b", "not equal", ("number", "number"), "condition", _comparison(np.not_equal)),
        Function("and", "c and d", "both", ("condition", "condition"), "condition", _and),
        Function("or", "c or d", "one or both", ("condition", "condition"), "condition", _or),
        Function("not", "not c", "the opposite", ("condition",), "condition", lambda value: 1.0 - value),
    )
}

FUNCTIONS = {
    function.name: function
    for function in (
        Function("abs", "abs(a)", "size without sign", ("number",), "number", np.abs),
        Function(
            "sqrt",
            "sqrt(a)",
            "square root",
            ("number",),
            "number",
            _number(np.sqrt),
            fails="it takes the square root of a negative number",
        ),
        Function(
            "log",
            "log(a)",
            "natural logarithm",
            ("number",),
            "number",
            _number(np.log),
            fails="it takes the logarithm of a number that is not above 0",
        ),
        Function(
            "log2",
            "log2(a)",
            "logarithm to base 2",
            ("number",),
            "number",
            _number(np.log2),
            fails="it takes the logarithm of a number that is not above 0",
        ),
        Function("exp", "exp(a)", "e to the power of a", ("number",), "number", _number(np.exp)),
        Function(
            "min", "min(a, b, …)", "the smallest of several", ("number", "number"), "number", _least, most=MOST_VALUES
        ),
        Function(
            "max", "max(a, b, …)", "the largest of several", ("number", "number"), "number", _greatest, most=MOST_VALUES
        ),
        Function(
            "clip",
            "clip(a, low, high)",
            "a, but at least low and at most high",
            ("number",) * 3,
            "number",
            lambda value, low, high: np.minimum(np.maximum(value, low), high),
        ),
        Function("if", "if(c, a, b)", "a where c is true, else b", ("condition", "number", "number"), "number", _if),
    )
}

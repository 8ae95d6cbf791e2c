"""Computes a checked expression from what is stored of one run: every step over all users at once, in numpy.

Rules: what divides by zero, is too large or not a real number is undefined. A user for whom a value or its condition
is undefined is left out of that aggregate and counted. An aggregate over nobody is undefined (count: 0), and a figure
that is made from an undefined one is undefined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from experiments.learning.custom_metrics.functions import Function
from experiments.learning.custom_metrics.tables import UserTables
from experiments.learning.custom_metrics.terms import Aggregated, Applied, Column, Constant, Folded, Metric, Term
from experiments.learning.metrics.arrays import Bools, Floats

NOBODY = "no user has a defined value"
Rows = slice | NDArray[np.intp]
Metrics = Mapping[tuple[str, str], float | None]
"""(protocol, name) to the figure of the run."""


@dataclass(frozen=True)
class Value:
    """Numbers of shape () or (users,), NaN where undefined; ``reason`` says why where the run's own part is."""

    numbers: Floats
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came out. ``value`` is None where it is undefined, and then ``reason`` says why.

    ``users_counted`` and ``users_left_out`` (value or condition undefined) are those of the first aggregate in the
    text; 0 for an expression without any.
    """

    value: float | None
    reason: str = ""
    users_counted: int = 0
    users_left_out: int = 0


@dataclass
class Evaluator:
    """For one run. ``counts``: place of each aggregate in the text to (users counted, users left out)."""

    tables: UserTables
    metrics: Metrics
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    common: dict[tuple[str, ...], dict[str, Rows]] = field(default_factory=dict)

    def outcome(self, term: Term) -> Outcome:
        value = self.value(term, ())
        counted, left_out = self.counts[min(self.counts)] if self.counts else (0, 0)
        number = float(value.numbers)
        if np.isnan(number):
            return Outcome(None, value.reason or "its result is undefined", counted, left_out)
        return Outcome(number, "", counted, left_out)

    def value(self, term: Term, protocols: tuple[str, ...]) -> Value:
        """``protocols`` are those of the aggregate around; their common users are the rows."""
        if isinstance(term, Constant):
            return _figure(term.value)
        if isinstance(term, Column):
            return Value(self.tables.of[term.protocol].columns[term.name][self.rows(protocols)[term.protocol]])
        if isinstance(term, Metric):
            return self._metric(term)
        if isinstance(term, Applied):
            return _applied(term.function, [self.value(part, protocols) for part in term.values])
        if isinstance(term, Folded):
            return reduce(
                lambda left, step: _applied(step[0], [left, self.value(step[1], protocols)]),
                term.rest,
                self.value(term.first, protocols),
            )
        return self._aggregated(term, protocols)

    def rows(self, protocols: tuple[str, ...]) -> Mapping[str, Rows]:
        """Of each protocol, the rows of the users that all of them have, in the order of the users."""
        if len(protocols) == 1:
            return {protocols[0]: slice(None)}
        if protocols not in self.common:
            users = reduce(
                lambda found, protocol: np.intersect1d(found, self.tables.of[protocol].users, assume_unique=True),
                protocols[1:],
                self.tables.of[protocols[0]].users,
            )
            self.common[protocols] = {
                protocol: np.searchsorted(self.tables.of[protocol].users, users) for protocol in protocols
            }
        return self.common[protocols]

    def selected(self, term: Aggregated) -> tuple[Value, Bools, Bools]:
        """Values of the aggregate's users; who is counted, and who is left out as something is undefined for them."""
        value = self.value(term.value, term.protocols)
        defined = ~np.isnan(value.numbers)
        if term.where is None:
            return value, defined, ~defined
        where = self.value(term.where, term.protocols)
        reason = value.reason or where.reason
        return (
            Value(value.numbers, reason),
            (where.numbers == 1) & defined,
            np.isnan(where.numbers) | ((where.numbers == 1) & ~defined),
        )

    def _metric(self, term: Metric) -> Value:
        found = self.metrics.get((term.protocol, term.name))
        if found is None or not np.isfinite(found):
            return _undefined(f"needs {term}, which this run does not have")
        return _figure(found)

    def _aggregated(self, term: Aggregated, around: tuple[str, ...]) -> Value:
        value, counted, left_out = self.selected(term)
        numbers = value.numbers[counted]
        undefined = int(np.count_nonzero(left_out))
        self.counts[term.start] = (len(numbers), undefined)
        extra = [self.value(part, around) for part in term.extra]
        reason = next((part.reason for part in extra if part.reason), "") or _too_few(
            term, value, len(numbers), undefined
        )
        if reason:
            return _undefined(reason)
        further = [float(part.numbers) for part in extra]
        if any(not 0 <= number <= 1 for number in further):
            return _undefined(f"q in {term.aggregate.signature} is {further[0]:g}; it must be from 0 to 1")
        with np.errstate(all="ignore"):
            result = float(term.aggregate.apply(numbers, *further))
        return _figure(result) if np.isfinite(result) else _undefined(f"the {term.aggregate.name} is too large")


def _figure(number: float) -> Value:
    return Value(np.asarray(number, dtype=np.float64))


def _undefined(reason: str) -> Value:
    return Value(np.asarray(np.nan), reason)


def _too_few(term: Aggregated, value: Value, users: int, undefined: int) -> str:
    """Why the aggregate has no figure; "" where it has. Counting nobody gives 0 where nobody was left out."""
    if users == 0 and (undefined or term.aggregate.at_least):
        return value.reason or NOBODY
    if users < term.aggregate.at_least:
        return f"{term.aggregate.name} needs {term.aggregate.at_least} users with a defined value; there is {users}"
    return ""


def _applied(function: Function, values: list[Value]) -> Value:
    numbers = np.asarray(function.apply(*(value.numbers for value in values)), dtype=np.float64)
    if numbers.ndim or not np.isnan(numbers):
        reason = next((value.reason for value in values if value.reason), "") if numbers.ndim else ""
        return Value(numbers, reason if np.isnan(numbers).any() else "")
    undefined = [value.reason for value in values if np.isnan(value.numbers).all() and value.reason]
    return Value(numbers, undefined[0] if undefined else function.fails)

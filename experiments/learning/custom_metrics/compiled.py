"""``compile_expression``: from text to something that computes a metric of any run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.learning.custom_metrics.checking import check
from experiments.learning.custom_metrics.columns import STANDARD, Columns
from experiments.learning.custom_metrics.evaluation import Evaluator, Metrics, Outcome
from experiments.learning.custom_metrics.parser import parse
from experiments.learning.custom_metrics.tables import Needs, UserTables
from experiments.learning.custom_metrics.terms import SEGMENT, Aggregated, Column, Metric, Term, everything_in
from experiments.learning.metrics.arrays import Floats

PLAIN_MEANS = ("mean", "share")


@dataclass(frozen=True)
class Compiled:
    """A checked expression. It keeps no state: the same tables always give the same outcome."""

    text: str
    term: Term
    needs: Needs

    def evaluate(self, tables: UserTables, metrics: Metrics) -> Outcome:
        """The metric of one run.

        Args:
            tables: of ``read_users`` with (at least) ``needs``.
            metrics: figures of the run over all users.
        """
        lacks = tables.lacks(self.needs)
        if lacks:
            return Outcome(None, lacks)
        return Evaluator(tables, metrics).outcome(self.term)

    @cached_property
    def is_plain_mean(self) -> bool:
        """Whether it is a mean over users of something that each user has alone, so that runs can be compared by it
        user by user, as by NDCG: a ``mean`` or ``share`` with neither figures of the run nor aggregates inside."""
        term = self.term
        if not isinstance(term, Aggregated) or term.aggregate.name not in PLAIN_MEANS:
            return False
        return not any(isinstance(part, Aggregated | Metric) for part in everything_in(term)[1:])

    def contributions(self, tables: UserTables) -> tuple[NDArray[np.int64], Floats]:
        """Users and the values whose mean the metric is, both of shape (n,); users that are left out are not in it.

        Raises:
            ValueError: the expression is no plain mean, or the tables lack what it needs.
        """
        term = self.term
        if not isinstance(term, Aggregated) or not self.is_plain_mean:
            raise ValueError("The expression is no plain mean of values of each user.")
        if lacks := tables.lacks(self.needs):
            raise ValueError(lacks)
        evaluator = Evaluator(tables, {})
        value, counted, _ = evaluator.selected(term)
        protocol = term.protocols[0]
        users = tables.of[protocol].users[evaluator.rows(term.protocols)[protocol]]
        return users[counted], value.numbers[counted]


def compile_expression(text: str, columns: Columns = STANDARD) -> Compiled:
    """Reads and checks an expression.

    Raises:
        ExpressionError: and nothing else, whatever the text; it points at the piece that is wrong.
    """
    term = check(parse(text), columns)
    return Compiled(text, term, _needs(term, columns))


def _needs(term: Term, columns: Columns) -> Needs:
    by_protocol: dict[str, set[str]] = {}
    metrics: set[tuple[str, str]] = set()
    for part in everything_in(term):
        if isinstance(part, Column):
            name = SEGMENT if part.name in columns.segments else part.name
            by_protocol.setdefault(part.protocol, set()).add(name)
        elif isinstance(part, Metric):
            metrics.add((part.protocol, part.name))
    return Needs({key: tuple(sorted(names)) for key, names in sorted(by_protocol.items())}, tuple(sorted(metrics)))

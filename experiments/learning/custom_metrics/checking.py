"""Finds out what the names of an expression mean, and refuses what does not fit, before anything is computed.

Two levels and two kinds are told apart: a value of each user or one figure of the run; a number or a condition. What
is inside an aggregate's brackets is a value of each user, what is outside is a figure of the run.
"""

from __future__ import annotations

from collections.abc import Sequence

from experiments.learning.custom_metrics.aggregates import AGGREGATES, Aggregate, is_aggregate
from experiments.learning.custom_metrics.columns import Columns
from experiments.learning.custom_metrics.errors import ExpressionError, nearest
from experiments.learning.custom_metrics.functions import FUNCTIONS, OPERATORS, Function, ValueKind
from experiments.learning.custom_metrics.names import Names
from experiments.learning.custom_metrics.syntax import Call, Chain, Expression, Name, Node, Number, Operation, Span
from experiments.learning.custom_metrics.terms import (
    Aggregated,
    Applied,
    Column,
    Constant,
    Folded,
    Metric,
    Term,
    everything_in,
    parts_of,
)

_KINDS = {"number": "a number", "condition": "a condition, such as first_rank <= 3"}


def check(expression: Expression, columns: Columns) -> Term:
    """The same with its names known: one number of the run. Raises ExpressionError."""
    checker = _Checker(Names(columns, expression.protocol))
    term = checker.term(expression.body)
    span = expression.body.span
    if term.per_user:
        raise _error(
            "This is a value of each user; an aggregate such as mean(…), median(…) or share(…) brings the users to "
            "one figure.",
            span,
        )
    if not any(isinstance(part, Column | Metric) for part in everything_in(term)):
        raise _error("This is the same for every run; name a column, such as catalogue.ndcg_at_10, or a figure of the "
                     "run, such as metrics.rated.f1_at_10.", span)  # fmt: skip
    if term.kind == "condition":
        raise _error(
            "This is true or false; a metric is a number. Write if(condition, 1, 0) or share(condition).", span
        )
    return term


class _Checker:
    def __init__(self, names: Names) -> None:
        self.names = names

    def term(self, node: Node) -> Term:
        if isinstance(node, Number):
            return Constant(node.value)
        if isinstance(node, Name):
            return self.names.meaning(node)
        if isinstance(node, Operation):
            return self.operation(node)
        if isinstance(node, Chain):
            return self.chain(node)
        return self.call(node)

    def operation(self, node: Operation) -> Term:
        function = OPERATORS[node.operator]
        return self.applied(function, node.operands)

    def chain(self, node: Chain) -> Term:
        function = OPERATORS[node.rest[0][0]]
        first = self.fitting(node.first, function.takes[0], node.rest[0][0])
        rest = tuple((OPERATORS[name], self.fitting(part, function.takes[1], name)) for name, part in node.rest)
        per_user = first.per_user or any(term.per_user for _, term in rest)
        return Folded(first, rest, function.gives, per_user)

    def applied(self, function: Function, nodes: Sequence[Node]) -> Term:
        kinds = [function.takes[min(place, len(function.takes) - 1)] for place in range(len(nodes))]
        values = tuple(
            self.fitting(node, kind, function.name.removeprefix("sign "))
            for node, kind in zip(nodes, kinds, strict=True)
        )
        return Applied(function, values, any(value.per_user for value in values))

    def fitting(self, node: Node, kind: ValueKind, taker: str) -> Term:
        """The term of a node that must be of a kind."""
        term = self.term(node)
        if term.kind != kind:
            hint = " Write if(condition, 1, 0) to count with it." if kind == "number" else ""
            raise _error(
                f"{taker} takes {_KINDS[kind]}; this is {_KINDS[term.kind].partition(',')[0]}.{hint}", node.span
            )
        return term

    # --- Calls --------------------------------------------------------------------------------------------------
    def call(self, node: Call) -> Term:
        if is_aggregate(node.name, len(node.arguments)):
            return self.aggregated(AGGREGATES[node.name], node)
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise self.unknown_function(node)
        if node.where is not None:
            raise _error(f"{node.name} looks at no users, so where has no place here; aggregates take it: "
                         f"{', '.join(AGGREGATES)}.", node.where.span)  # fmt: skip
        self.counted(node, len(function.takes), function.signature, most=function.most)
        return self.applied(function, node.arguments)

    def aggregated(self, aggregate: Aggregate, node: Call) -> Term:
        self.counted(node, 1 + len(aggregate.extra), aggregate.signature)
        with self.names.within(node):
            value = self.fitting(node.arguments[0], aggregate.takes, aggregate.name)
            where = self.fitting(node.where, "condition", "where") if node.where is not None else None
        self.must_be_per_user(value, node.arguments[0], aggregate.name)
        if where is not None and node.where is not None:
            self.must_be_per_user(where, node.where, "where")
        extra = tuple(self.one_figure(part, aggregate) for part in node.arguments[1:])
        protocols = _protocols([value] if where is None else [value, where])
        return Aggregated(aggregate, value, extra, where, protocols, node.span.start)

    def must_be_per_user(self, term: Term, node: Node, taker: str) -> None:
        if not term.per_user:
            raise _error(f"{taker} takes a value of each user; this is one figure of the run.", node.span)

    def one_figure(self, node: Node, aggregate: Aggregate) -> Term:
        term = self.fitting(node, "number", aggregate.name)
        if term.per_user:
            raise _error(f"In {aggregate.signature}, {aggregate.extra[0]} is one figure, such as 0.9; this is a value "
                         "of each user.", node.span)  # fmt: skip
        if isinstance(term, Constant) and not 0 <= term.value <= 1:
            raise _error(f"In {aggregate.signature}, q is a share from 0 to 1; given: {term.value:g}.", node.span)
        return term

    def counted(self, node: Call, wanted: int, signature: str, *, most: int = 0) -> None:
        given = len(node.arguments)
        if wanted <= given <= max(wanted, most):
            return
        limit = f" with up to {most} values" if most else ""
        raise _error(
            f"{node.name} is given {given} value{'s' if given > 1 else ''}; accepted: {signature}{limit}.", node.span
        )

    def unknown_function(self, node: Call) -> ExpressionError:
        known = list(dict.fromkeys([*AGGREGATES, *FUNCTIONS]))
        return ExpressionError(
            f"There is no function {node.name[:60]}; accepted: {', '.join(known)}.",
            node.name_span.start,
            node.name_span.length,
            nearest(node.name, known),
        )


def _protocols(terms: Sequence[Term]) -> tuple[str, ...]:
    """Whose users an aggregate looks at; those inside an aggregate within it are its own matter."""
    found: set[str] = set()
    waiting = list(terms)
    while waiting:
        term = waiting.pop()
        if isinstance(term, Column):
            found.add(term.protocol)
        elif not isinstance(term, Aggregated):
            waiting.extend(parts_of(term))
    return tuple(sorted(found))


def _error(message: str, span: Span) -> ExpressionError:
    return ExpressionError(message, span.start, span.length)

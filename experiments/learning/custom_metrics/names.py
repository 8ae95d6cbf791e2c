"""What a name means: which protocol's column, or which figure of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from experiments.learning.custom_metrics.aggregates import AGGREGATES, is_aggregate
from experiments.learning.custom_metrics.columns import METRICS, Columns
from experiments.learning.custom_metrics.errors import ExpressionError, nearest
from experiments.learning.custom_metrics.functions import FUNCTIONS
from experiments.learning.custom_metrics.syntax import Call, Chain, Name, Node, Operation
from experiments.learning.custom_metrics.terms import Column, Metric, Term

CUSTOM = "custom"


class Names:
    """Looks names up. A name without a protocol takes, in this order: the one declared in front of the expression, the
    only one named inside the same aggregate, the only one that has such a column."""

    def __init__(self, columns: Columns, declared: Name | None) -> None:
        self.columns = columns
        self.declared = self._protocol(declared) if declared is not None else None
        self.named: list[str | None] = []
        """For each aggregate around, innermost last: the only protocol named in it, if there is just one."""

    @contextmanager
    def within(self, node: Call) -> Iterator[None]:
        """Inside the brackets of an aggregate."""
        found = {name for name in _prefixes(node) if name in self.columns.per_user}
        self.named.append(found.pop() if len(found) == 1 else None)
        yield
        self.named.pop()

    def meaning(self, name: Name) -> Term:
        parts = name.text.split(".")
        if parts[0] == METRICS:
            return self._metric(name, parts)
        if len(parts) == 1:
            return self._plain(name)
        return self._qualified(name, parts)

    def _protocol(self, name: Name) -> str:
        if name.text in self.columns.per_user:
            return name.text
        known = ", ".join(self.columns.per_user)
        raise _unknown(name, f"There is no protocol {name.text[:60]}; accepted before a colon: {known}.",
                       nearest(name.text, self.columns.per_user))  # fmt: skip

    def _metric(self, name: Name, parts: list[str]) -> Metric:
        if len(parts) == 3 and parts[2] in self.columns.metrics.get(parts[1], {}):
            return Metric(parts[1], parts[2])
        if parts[1:2] == [CUSTOM]:
            raise _unknown(name, "A custom metric cannot be part of another one; write its expression here.")
        known = [full for full in self.columns.names() if full.startswith(f"{METRICS}.")]
        raise _unknown(
            name,
            f"There is no figure {name.text[:80]}; figures of a run are written metrics.PROTOCOL.NAME, "
            "such as metrics.rated.f1_at_10.",
            nearest(parts[-1], known),
        )

    def _qualified(self, name: Name, parts: list[str]) -> Column:
        protocol, column = parts[0], ".".join(parts[1:])
        if protocol not in self.columns.per_user:
            known = ", ".join([*self.columns.per_user, METRICS])
            raise _unknown(name, f"There is no protocol {protocol[:60]}; accepted before the point: {known}.",
                           nearest(column, self.columns.names()))  # fmt: skip
        found = self._column(protocol, column)
        if found is None:
            raise self._not_there(name, protocol, column)
        return found

    def _plain(self, name: Name) -> Column:
        for protocol in (self.declared, self.named[-1] if self.named else None):
            if protocol is not None and (column := self._column(protocol, name.text)):
                return column
        found = [column for key in self.columns.per_user if (column := self._column(key, name.text))]
        if not found:
            raise self._unknown_plain(name)
        if self.declared is not None:
            raise self._not_there(name, self.declared, name.text)
        if len(found) > 1:
            first = found[0].protocol
            raise _unknown(
                name,
                f"{name.text} is measured under {' and '.join(column.protocol for column in found)}; say which, such "
                f"as {first}.{name.text}, or begin the expression with {first}: for all of it.",
                f"{first}.{name.text}",
            )
        return found[0]

    def _unknown_plain(self, name: Name) -> ExpressionError:
        if name.text in FUNCTIONS or is_aggregate(name.text, 1):
            words = (AGGREGATES.get(name.text) or FUNCTIONS[name.text]).signature
            return _unknown(name, f"{name.text} is a function and is given values in brackets: {words}.")
        known = [*self.columns.names(), "and", "or", "not", "where"]
        return _unknown(
            name,
            f"There is no column {name.text[:60]}; accepted are names such as catalogue.ndcg_at_10, rated.relevant or "
            "metrics.rated.f1_at_10.",
            nearest(name.text, known),
        )

    def _not_there(self, name: Name, protocol: str, column: str) -> ExpressionError:
        others = self.columns.protocols_of(column)
        if others:
            words = f"{protocol} has no column {column[:60]}; it is measured under {' and '.join(others)}."
            return _unknown(name, words, f"{others[0]}.{column}")
        mine = [*self.columns.per_user[protocol], *self.columns.segments]
        near = nearest(column, mine)
        suggestion = f"{protocol}.{near}" if near else nearest(column, self.columns.names())
        return _unknown(name, f"{protocol} has no column {column[:60]}; it has {_some(mine)}.", suggestion)

    def _column(self, protocol: str, column: str) -> Column | None:
        if column in self.columns.segments:
            return Column(protocol, column, "condition")
        return Column(protocol, column) if column in self.columns.per_user[protocol] else None


def _prefixes(node: Call) -> Iterator[str]:
    """First parts of the dotted names inside an aggregate, those of aggregates within it left out."""
    waiting: list[Node] = [*node.arguments, *([node.where] if node.where is not None else [])]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name):
            yield part.text.partition(".")[0]
        elif isinstance(part, Operation):
            waiting.extend(part.operands)
        elif isinstance(part, Chain):
            waiting.extend([part.first, *(value for _, value in part.rest)])
        elif isinstance(part, Call) and not is_aggregate(part.name, len(part.arguments)):
            waiting.extend(part.arguments)


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (" and others" if len(names) > 6 else "")


def _unknown(name: Name, message: str, suggestion: str = "") -> ExpressionError:
    return ExpressionError(message, name.span.start, name.span.length, suggestion)

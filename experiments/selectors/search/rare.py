"""Which part of a filter leaves few runs. PostgreSQL's statistics cannot know: they mix all metrics in one column, so
each part is counted in its own index, but only up to a bound.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from experiments.models import Experiment
from experiments.query import And, Comparison, Expression, Nullness, Or, Words
from experiments.selectors.search.conditions import Compiler
from experiments.selectors.search.indexed import indexed_condition
from experiments.selectors.search.lanes import Source

FEW = 1000
"""Up to so many runs are taken one by one."""
VERY_FEW = 100
"""A part that leaves so few need not be bettered."""
_NEGATIVE = frozenset({"!=", "!~", "not in", "not like", "not ilike"})


@dataclass(frozen=True)
class Estimate:
    """``few``: sources that together name every run that a filter can let through, where those are few, and perhaps
    others. ``certain``: a source whose runs all match, where they are many.
    """

    few: tuple[Source, ...] | None = None
    count: int = 0
    certain: Source | None = None

    def runs(self) -> list[uuid.UUID]:
        """Those of ``few``: one query a source."""
        found: dict[uuid.UUID, None] = {}
        for source in self.few or ():
            found.update(dict.fromkeys(source.rows.values_list(source.column, flat=True)[: FEW + 1]))
        return list(found)


class Estimator:
    """Estimates filters of one workspace; each condition costs at most one bounded count."""

    def __init__(self, compiler: Compiler, runs: QuerySet[Experiment]) -> None:
        self.compiler = compiler
        self._runs = runs

    def estimate(self, node: Expression) -> Estimate:
        if isinstance(node, And):
            return self._all(node.parts)
        if isinstance(node, Or):
            return self._any(node.parts)
        source = self.source(node)
        if source is None:
            return Estimate()
        count = source.rows[: FEW + 1].count()
        return Estimate(certain=source) if count > FEW else Estimate((source,), count)

    def _all(self, parts: Iterable[Expression]) -> Estimate:
        """The part that leaves the fewest."""
        found: list[Estimate] = []
        for part in sorted(parts, key=_promise):
            found.append(self.estimate(part))
            if found[-1].few is not None and found[-1].count <= VERY_FEW:
                break
        best = min((one for one in found if one.few is not None), key=lambda one: one.count, default=None)
        return best or Estimate(certain=found[0].certain if len(found) == 1 else None)

    def _any(self, parts: Iterable[Expression]) -> Estimate:
        """All parts together, if each is known and their sum is small."""
        found: list[Estimate] = []
        for part in parts:
            found.append(self.estimate(part))
            if found[-1].few is None:
                return Estimate(certain=found[-1].certain)
        count = sum(one.count for one in found)
        return (
            Estimate(tuple(source for one in found for source in one.few or ()), count) if count <= FEW else Estimate()
        )

    def source(self, node: Expression) -> Source | None:
        """What an index answers about a condition; None where no index does."""
        if not isinstance(node, Comparison | Nullness | Words):
            return None
        if not isinstance(node, Words) and node.field.kind in ("metric", "parameter"):
            negative = node.missing if isinstance(node, Nullness) else node.operator in _NEGATIVE
            return None if negative else Source(self.compiler.value_rows(node), "experiment", self.compiler.leaf(node))
        by_index = indexed_condition(node)
        if by_index is None:
            return None
        condition = by_index & self.compiler.leaf(node)
        return Source(self._runs.filter(condition), "pk", condition)


def _promise(node: Expression) -> int:
    """What is likely to leave few runs is asked first."""
    if isinstance(node, Comparison):
        return 0 if node.operator in ("=", "in") else 1
    return 2

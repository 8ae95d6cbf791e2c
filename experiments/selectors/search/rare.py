"""Which part of a filter leaves few runs. PostgreSQL's statistics cannot know: they mix all metrics in one column, so
each part is counted in its own index, but only up to a bound.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.models import Experiment
from experiments.query import And, Comparison, Expression, Not, Nullness, Or, Words
from experiments.selectors.search.conditions import Compiler
from experiments.selectors.search.indexed import indexed_condition
from experiments.selectors.search.lanes import Rows

FEW = 5000
"""Up to so many runs are taken one by one; the break-even with walking the order of a million runs."""
VERY_FEW = 200
"""A part that leaves so few need not be bettered."""


@dataclass(frozen=True)
class Certain:
    """Rows whose runs all match the whole filter, and their column of runs."""

    rows: Rows
    column: str

    def live(self, *, deleted: bool, limit: int) -> int:
        """How many there are, counted up to a limit: one query."""
        if self.column == "pk":
            return self.rows[:limit].count()
        return self.rows.filter(experiment__deleted_at__isnull=not deleted)[:limit].count()


@dataclass(frozen=True)
class Source:
    """Queries whose rows together name every run that a filter can let through, and perhaps others."""

    parts: tuple[tuple[Rows, str], ...]
    count: int

    def runs(self) -> list[uuid.UUID]:
        """One query a part."""
        found: dict[uuid.UUID, None] = {}
        for rows, column in self.parts:
            found.update(dict.fromkeys(rows.values_list(column, flat=True)[: FEW + 1]))
        return list(found)


@dataclass(frozen=True)
class Estimate:
    """``source`` where few runs can match; else ``certain`` where many are known to."""

    source: Source | None
    certain: Certain | None = None


class Estimator:
    """Estimates filters of one workspace; each condition costs at most one bounded count."""

    def __init__(self, compiler: Compiler, *, deleted: bool) -> None:
        self.compiler = compiler
        self.deleted = deleted
        self._runs = Experiment.objects.filter(workspace=compiler.workspace, deleted_at__isnull=not deleted).order_by()

    def estimate(self, node: Expression) -> Estimate:
        if isinstance(node, And):
            return self._all(node.parts)
        if isinstance(node, Or):
            return self._any(node.parts)
        if isinstance(node, Not):
            return Estimate(None)
        rows = self._rows(node)
        if rows is None:
            return Estimate(None)
        count = rows[0].order_by()[: FEW + 1].count()
        return Estimate(None, Certain(*rows)) if count > FEW else Estimate(Source((rows,), count))

    def _all(self, parts: Iterable[Expression]) -> Estimate:
        """The part that leaves the fewest."""
        best: Source | None = None
        certain: list[Certain | None] = []
        for part in sorted(parts, key=_promise):
            found = self.estimate(part)
            certain.append(found.certain)
            if found.source is not None and (best is None or found.source.count < best.count):
                best = found.source
            if best is not None and best.count <= VERY_FEW:
                break
        return Estimate(best, certain[0] if len(certain) == 1 else None)

    def _any(self, parts: Iterable[Expression]) -> Estimate:
        """All parts together, if each is known and their sum is small."""
        found: list[tuple[Rows, str]] = []
        count = 0
        for part in parts:
            estimate = self.estimate(part)
            if estimate.source is None:
                return Estimate(None, estimate.certain)
            found += estimate.source.parts
            count += estimate.source.count
        return Estimate(Source(tuple(found), count) if count <= FEW else None)

    def _rows(self, node: Expression) -> tuple[Rows, str] | None:
        """What an index answers about a condition, and its column of runs; None where no index does."""
        if isinstance(node, Comparison) and node.field.kind in ("metric", "parameter"):
            negative = node.operator in ("!=", "!~", "not in", "not like", "not ilike")
            return None if negative else (self.compiler.value_rows(node), "experiment")
        if isinstance(node, Nullness) and node.field.kind in ("metric", "parameter"):
            return None if node.missing else (self.compiler.value_rows(node), "experiment")
        condition = indexed_condition(node)
        if condition is None or not isinstance(node, Comparison | Words):
            return None
        return self._runs.filter(condition, self.compiler.leaf(node)), "pk"


def _promise(node: Expression) -> int:
    """What is likely to leave few runs is asked first."""
    if isinstance(node, Comparison):
        return 0 if node.operator in ("=", "in") else 1
    return 2

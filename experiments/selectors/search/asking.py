"""A question to the history, understood: its condition, its order, and how it is best answered."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils import timezone

from experiments.models import Experiment
from experiments.query import And, Expression
from experiments.selectors.columns import ATTRIBUTES, UnknownColumn, column_of
from experiments.selectors.history_query import DEFAULT_SORT, HistoryQuery
from experiments.selectors.search.conditions import Compiler
from experiments.selectors.search.expressions import IsAnyOf
from experiments.selectors.search.finding import Finder
from experiments.selectors.search.lanes import Source
from experiments.selectors.search.orders import UNSORTABLE, Order
from experiments.selectors.search.rare import FEW, Estimate, Estimator
from mlopspro.accounts.models import Workspace

COUNTED = 1000
"""More runs than that are not counted."""


class Question:
    """What ``query`` asks of a workspace. Raises QueryError where its text cannot be read."""

    def __init__(self, workspace: Workspace, query: HistoryQuery, now: dt.datetime | None = None) -> None:
        self.workspace = workspace
        self.query = query
        self.compiler = Compiler(workspace, now or timezone.now())
        self.expression: Expression = query.expression()
        self.is_filtered = self.expression != And(())
        self.lookup = self.compiler.run_by_run().condition(self.expression) if self.is_filtered else None
        self.notes: list[str] = []

    @property
    def all_notes(self) -> tuple[str, ...]:
        return (*self.compiler.resolver.notes, *self.notes)

    @cached_property
    def order(self) -> Order:
        """By the column asked for, or the newest first with a note that says why."""
        key, descending = self.query.sort, self.query.descending
        try:
            column = column_of(self.compiler.resolver, key)
        except UnknownColumn as unknown:
            self.notes.append(f"{unknown.message} The newest runs come first.")
            column, descending = ATTRIBUTES[DEFAULT_SORT], True
        if column.key in UNSORTABLE:
            self.notes.append(f"Runs cannot be sorted by {column.label.lower()}. The newest come first.")
            column, descending = ATTRIBUTES[DEFAULT_SORT], True
        return Order(self.workspace, column, descending, self.query.deleted)

    @property
    def live(self) -> QuerySet[Experiment]:
        """Runs of the workspace that are deleted, or are not, as asked."""
        found = Experiment.objects.filter(workspace=self.workspace, deleted_at__isnull=not self.query.deleted)
        return found.order_by()

    @cached_property
    def estimate(self) -> Estimate:
        if self.query.deleted:  # usually few of all runs, whatever else is asked
            deleted = self.live[: FEW + 1].count()
            if deleted <= FEW:
                return Estimate((Source(self.live, "pk", Q()),), deleted)
        return Estimate() if not self.is_filtered else self._estimator.estimate(self.expression)

    @cached_property
    def _estimator(self) -> Estimator:
        return Estimator(self.compiler, self.live)

    def _narrowing(self) -> list[Source]:
        """Conditions that every run must meet and that an index answers."""
        parts = self.expression.parts if isinstance(self.expression, And) else (self.expression,)
        return [source for part in parts if (source := self._estimator.source(part)) is not None]

    @cached_property
    def few(self) -> list[uuid.UUID] | None:
        """All runs that match, where some part of the filter leaves few; None where none does."""
        if self.estimate.few is None:
            return None
        return list(self.among(self.estimate.runs()).values_list("pk", flat=True))

    def among(self, runs: list[uuid.UUID]) -> QuerySet[Experiment]:
        """Those of some runs that match."""
        found = self.live.filter(IsAnyOf("pk", runs))
        return found if self.lookup is None else found.filter(self.lookup)

    @property
    def matching(self) -> QuerySet[Experiment]:
        """All that match; no query but for what tells few from many."""
        if self.estimate.few is not None:
            return self.among(self.estimate.runs())
        return self._every()

    def _every(self) -> QuerySet[Experiment]:
        return self.live.filter(self.compiler.condition(self.expression)) if self.is_filtered else self.live

    def finder(self) -> Finder:
        if self.few is not None:
            return Finder(self.order, None, self.few)
        return Finder(self.order, self.lookup, narrowing=self._narrowing, every=self._every)

    def count(self, seen: int, *, seen_all: bool) -> tuple[int, bool]:
        """(runs that match, whether exactly so many). ``seen`` is what the page and those before it have seen."""
        if self.few is not None:
            return len(self.few), True
        if seen_all:
            return seen, True
        if not self.is_filtered:
            found = self.live[: COUNTED + 1].count()
            return (found, True) if found <= COUNTED else (max(COUNTED, seen), False)
        return max(self._certain(), seen), False

    def _certain(self) -> int:
        """How many match for certain, up to COUNTED: a single condition's rows less the deleted runs among them."""
        certain = self.estimate.certain
        if certain is None:
            return 0
        others = Experiment.objects.filter(workspace=self.workspace, deleted_at__isnull=self.query.deleted).order_by()
        hidden = 0 if certain.column == "pk" else others[: 2 * COUNTED].count()
        return min(COUNTED, max(0, certain.rows[: COUNTED + hidden].count() - hidden))

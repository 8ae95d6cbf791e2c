"""Drift of what comes in: a numeric feature's values move, or a category's share."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np

from experiments.learning.tabular.columns import numbers, texts
from mlopspro.serving.replay.chance import generator
from mlopspro.serving.replay.drift import Drift, DriftError, Kind
from mlopspro.serving.replay.requests import RowRequest
from mlopspro.serving.replay.table_plan import TablePlan


class TableDrift:
    """Applies drifts to the rows of one plan; the truth stays what it was. Deterministic by seed and number."""

    def __init__(self, plan: TablePlan, seed: int) -> None:
        self.plan, self.seed = plan, seed
        self._deviation = lru_cache(64)(self._deviation_of)
        self._frequent = lru_cache(64)(self._most_frequent)

    def check(self, drift: Drift) -> None:
        """Raises DriftError where the column that should move is not there."""
        if drift.kind is Kind.FEATURE_SHIFT:
            self._deviation(self._column(drift, self.plan.data.roles.numeric, "numeric"))
        elif drift.kind is Kind.CATEGORY_SHIFT:
            self._frequent(self._column(drift, self.plan.data.roles.categorical, "categorical"))

    def apply(self, drift: Drift, request: RowRequest) -> RowRequest | None:
        """The drifted request, or None where this drift leaves it as it is."""
        if drift.kind is Kind.FEATURE_SHIFT:
            column = self._column(drift, self.plan.data.roles.numeric, "numeric")
            value = request.features[column]
            if value is None:
                return None
            moved = float(value) + drift.strength * self._deviation(column)
            return replace(request, features={**request.features, column: moved})
        if drift.kind is Kind.CATEGORY_SHIFT:
            column = self._column(drift, self.plan.data.roles.categorical, "categorical")
            first, share, second = self._frequent(column)
            random = generator(self.seed, f"category {column}", request.number).random()
            if self._category(column, request.number) != first or random >= drift.strength / share:
                return None
            return replace(request, features={**request.features, column: second})
        return None

    def _category(self, column: str, number: int) -> str:
        row = int(self.plan.rows[number % len(self.plan)])
        return str(texts(self.plan.data.frame.iloc[row : row + 1], column)[0])

    def _column(self, drift: Drift, known: tuple[str, ...], kind: str) -> str:
        if drift.column and drift.column not in known:
            accepted = ", ".join(known) or f"none, as the table has no {kind} feature"
            raise DriftError(f"column of {drift.kind.value} is {drift.column!r}; accepted: {accepted}")
        if not known:
            raise DriftError(f"drift is {drift.kind.value!r}; accepted with a table that has a {kind} feature")
        return drift.column or known[0]

    def _deviation_of(self, column: str) -> float:
        return float(np.nanstd(numbers(self.plan.data.frame, column)[self.plan.learnt]))

    def _most_frequent(self, column: str) -> tuple[str, float, str]:
        """(most frequent category of the learnt rows, its share, the next one)."""
        counted = Counter(texts(self.plan.data.frame, column)[self.plan.learnt].tolist())
        if len(counted) < 2:
            raise DriftError(f"column of category_shift is {column!r}, which has one category; accepted: two or more")
        (first, count), (second, _) = counted.most_common(2)
        return str(first), count / counted.total(), str(second)

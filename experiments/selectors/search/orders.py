"""A column to sort by → its lanes. Runs without a value come last in both directions, the newest first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from experiments.models import Dataset, Experiment
from experiments.query.attributes import ATTRIBUTES
from experiments.selectors.columns import Column
from experiments.selectors.search.attributes import DURATION, attribute_present
from experiments.selectors.search.conditions import metric_rows, parameter_rows
from experiments.selectors.search.expressions import IsAnyOf
from experiments.selectors.search.lanes import Key, Lane, Rows
from mlopspro.accounts.models import User, Workspace

AGE = (Key("created_at", "moment"),)
UNSORTABLE = frozenset({"tags", "notes", "recipe", "search", "trial"})
_KEYS = {
    "name": (Key("name", "text"),),
    "created_at": AGE,
    "started_at": (Key("started_at", "moment"),),
    "finished_at": (Key("finished_at", "moment"),),
    "duration": (Key(DURATION, "duration"),),
    "architecture": (Key("architecture", "text"), *AGE),
    "model_type": (Key("model_type", "text"), *AGE),
    "seed": (Key("seed", "integer"),),
    "best_epoch": (Key("best_epoch", "integer"),),
    "total_parameters": (Key("total_parameters", "integer"),),
}
_ALWAYS_THERE = frozenset({"name", "created_at", "seed"})


@dataclass(frozen=True)
class Order:
    """How runs of a workspace are ordered."""

    workspace: Workspace
    column: Column
    descending: bool
    deleted: bool = False

    @property
    def signature(self) -> str:
        """What a cursor was made for."""
        return f"{'-' if self.descending else ''}{self.column.key}{'!' if self.deleted else ''}"

    @property
    def runs(self) -> QuerySet[Experiment]:
        found = Experiment.objects.filter(workspace=self.workspace, deleted_at__isnull=not self.deleted)
        return found.order_by()

    def lanes(self) -> list[Lane]:
        """In order."""
        if self.column.kind == "metric":
            rows = metric_rows(self.workspace, self.column.protocol, self.column.name)
            return [self._valued("value", rows, Key("value", "number")), self._without(rows)]
        if self.column.kind == "parameter":
            written = parameter_rows(self.workspace, self.column.name)
            return [
                self._valued("number", written.filter(number__isnull=False), Key("number", "number")),
                self._valued("text", written.filter(number__isnull=True), Key("text", "text")),
                self._without(written),
            ]
        name = self.column.name
        if name in _KEYS:
            return self._attribute(name)
        if name in _FOREIGN:
            return self._grouped(name, _FOREIGN[name](self._pointed_at(name)))
        return self._grouped(name, ATTRIBUTES[name].choices)

    def _valued(self, name: str, rows: Rows, key: Key) -> Lane:
        return Lane(name, rows, "experiment", (key,), self.descending)

    def _without(self, rows: Rows) -> Lane:
        return self._rest(~Q(Exists(rows.filter(experiment=OuterRef("pk")))))

    def _rest(self, condition: Q) -> Lane:
        return Lane("none", self.runs.filter(condition), "pk", AGE, descending=True)

    def _attribute(self, name: str) -> list[Lane]:
        if name in _ALWAYS_THERE:
            return [Lane("value", self.runs, "pk", _KEYS[name], self.descending)]
        present = attribute_present(name)
        valued = Lane("value", self.runs.filter(present), "pk", _KEYS[name], self.descending)
        return [valued, self._rest(~present)]

    def _grouped(self, name: str, values: Iterable[Any]) -> list[Lane]:
        """One lane for each value, the newest run first in each."""
        runs = self.runs
        lanes = [Lane(f"={value}", runs, "pk", AGE, descending=True, condition=Q((name, value))) for value in values]
        ordered = lanes[::-1] if self.descending else lanes
        return [*ordered, self._rest(Q(**{f"{name}__isnull": True}))] if name in _FOREIGN else ordered

    def lanes_of(self, runs: list[uuid.UUID]) -> frozenset[str] | None:
        """Names of the lanes that these runs are in; None where the order has but a few lanes: not worth a query."""
        name = self.column.name
        if self.column.kind != "attribute" or name not in _FOREIGN:
            return None
        found = self.runs.filter(IsAnyOf("pk", runs)).values_list(name, flat=True).distinct()
        return frozenset("none" if value is None else f"={value}" for value in found)

    def _pointed_at(self, name: str) -> list[uuid.UUID]:
        """Datasets or people that runs have."""
        if self.deleted:
            return list(self.runs.exclude(**{name: None}).values_list(name, flat=True).distinct())
        with connection.cursor() as cursor:
            cursor.execute(_DISTINCT[name], {"workspace": self.workspace.pk})
            return [row[0] for row in cursor.fetchall()]


def _datasets(ids: list[uuid.UUID]) -> list[uuid.UUID]:
    return list(Dataset.objects.filter(pk__in=ids).order_by("name", "pk").values_list("pk", flat=True))


def _people(ids: list[uuid.UUID]) -> list[uuid.UUID]:
    found = User.objects.filter(pk__in=ids).order_by().values_list("pk", "name", "email")
    return [pk for pk, _, _ in sorted(found, key=lambda row: (row[1] or row[2], row[2]))]


_FOREIGN: dict[str, Callable[[list[uuid.UUID]], list[uuid.UUID]]] = {"dataset": _datasets, "created_by": _people}


def _loose_scan(column: str) -> str:
    """All values of an indexed column of a workspace's runs, one step of the index a value."""
    return _LOOSE_SCAN.replace("COLUMN", column)


_LOOSE_SCAN = """
WITH RECURSIVE known AS (
  (SELECT COLUMN AS id FROM experiments_experiment
   WHERE workspace_id = %(workspace)s AND deleted_at IS NULL AND COLUMN IS NOT NULL ORDER BY COLUMN LIMIT 1)
  UNION ALL
  SELECT following.id FROM known CROSS JOIN LATERAL (
    SELECT COLUMN AS id FROM experiments_experiment
    WHERE workspace_id = %(workspace)s AND deleted_at IS NULL AND COLUMN > known.id ORDER BY COLUMN LIMIT 1
  ) AS following
)
SELECT id FROM known
"""
_DISTINCT = {"dataset": _loose_scan("dataset_id"), "created_by": _loose_scan("created_by_id")}

"""A thousand runs at once, for drawings: the newest that match, with the values of chosen columns."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Experiment
from experiments.selectors.columns import ATTRIBUTES, Column
from experiments.selectors.history import HistoryQuery, cells, matching
from experiments.selectors.history_table import data_of
from experiments.selectors.search.limits import bounded_time
from mlopspro.accounts.models import Workspace
from mlopspro.core.formats import as_float

MOST = 1_000
SHOWN = (
    *("name", "status", "origin", "run_type", "architecture", "model_type", "tags", "split", "workspace"),
    *("family", "recipe_version"),
    *("seed", "best_epoch", "total_parameters", "created_at", "started_at", "finished_at"),
    *("dataset__name", "dataset__sha256", "created_by__name", "created_by__email"),
)
"""What a drawing needs of a run: a thousand whole ones would take the page's time."""
MOMENTS = frozenset({"created_at", "started_at", "finished_at"})
WORDS = frozenset({"dataset", "architecture", "model_type", "status", "origin", "run_type", "family", "created_by"})
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class ManyRuns:
    """``more``: there are further, older runs that match. ``baseline`` is among ``runs`` or stands beside them."""

    runs: tuple[Experiment, ...]
    more: bool
    values: dict[uuid.UUID, dict[str, Any]]
    baseline: Experiment | None = None

    def number(self, run: Experiment, column: Column) -> float | None:
        """The value as a finite number: durations in seconds, moments in seconds since 1970."""
        return number_of(self.values[run.pk].get(column.key))

    def word(self, run: Experiment, column: Column) -> str | None:
        """The value as a short text; None where the run has none."""
        value = self.values[run.pk].get(column.key)
        return str(value) if value not in (None, "") else None

    @property
    def kinds_of_data(self) -> int:
        """On how many different data (dataset and way of dividing it) these runs were measured."""
        return len({data_of(run) for run in self.runs})


def newest(
    workspace: Workspace, query: HistoryQuery, columns: Iterable[Column], baseline: uuid.UUID | None = None
) -> ManyRuns:
    """The newest MOST runs that match, and the baseline wherever it is: at most four queries beside those of a filter.

    Raises:
        QueryError: the query cannot be read, or finding its runs takes too long.
    """
    with bounded_time():
        rows = matching(workspace, query).select_related("dataset", "created_by").only(*SHOWN)
        found = list(rows.order_by("-created_at", "-id")[: MOST + 1])
    runs = tuple(found[:MOST])
    known = next((run for run in runs if run.pk == baseline), None)
    if known is None and baseline is not None:
        rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True, pk=baseline)
        known = rows.select_related("dataset", "created_by").only(*SHOWN).first()
    shown = [*runs, *([known] if known is not None and known not in runs else [])]
    return ManyRuns(runs, len(found) > MOST, cells(shown, list(dict.fromkeys(columns))), known)


def number_of(value: Any) -> float | None:
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, dt.datetime):
        return value.timestamp()
    return as_float(value) if not isinstance(value, str) else None


def term_of(column: Column) -> str:
    """How a query calls the column; empty for moments, whose values are written as dates."""
    if column.kind == "attribute":
        return "" if column.key in MOMENTS else column.key
    prefix = f"metrics.{column.protocol}" if column.kind == "metric" else "params"
    quoted = column.name.replace('"', '""')
    return f"{prefix}.{column.name}" if _PLAIN_NAME.fullmatch(column.name) else f'{prefix}."{quoted}"'


def is_number(column: Column) -> bool:
    return column.numeric or column.key in MOMENTS


def has_words(column: Column) -> bool:
    """Whether runs can be told apart by its words: names and notes are different in each."""
    return column.key in WORDS or (column.kind == "parameter" and not column.numeric)


def full_label(column: Column) -> str:
    """The label with the protocol: a figure without it is noise (decision D2)."""
    return f"{column.label} ({column.protocol})" if column.protocol else column.label


Options = list[tuple[str, list[tuple[str, str]]]]
"""Groups of (value, label), as a select shows them."""
TITLES = {"metric": "Metrics", "parameter": "Parameters", "attribute": "Attributes"}


def options(columns: Sequence[Column]) -> Options:
    """Columns to choose from: metrics first, then parameters, then what a run has itself."""
    groups = [
        (title, [(column.key, full_label(column)) for column in columns if column.kind == kind])
        for kind, title in TITLES.items()
    ]
    return [(title, found) for title, found in groups if found]


def first_of(columns: Sequence[Column], *keys: str) -> Column | None:
    """The first of these keys that is among the columns."""
    by_key = {column.key: column for column in columns}
    return next((by_key[key] for key in keys if key in by_key), None)


__all__ = ["ATTRIBUTES", "MOST", "ManyRuns", "Options", "newest", "options", "term_of"]

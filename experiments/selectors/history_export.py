"""The history as lines of a CSV file: the columns, filters and order that the page shows, figures unrounded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from experiments.models import Experiment
from experiments.selectors import history
from experiments.selectors.columns import Column
from experiments.selectors.history_query import HistoryQuery
from mlopspro.accounts.models import Workspace
from mlopspro.core import spreadsheets

MOST_ROWS = 100_000
BATCH = 500


def lines_of(workspace: Workspace, query: HistoryQuery, columns: Sequence[Column]) -> Iterator[str]:
    """Every matching run up to MOST_ROWS, read in batches: the memory is that of one. Queries grow with the rows."""
    return _lines(_batches(workspace, query), columns)


def lines_of_runs(runs: Sequence[Experiment], columns: Sequence[Column]) -> Iterator[str]:
    return _lines([runs], columns)


def _lines(batches: Iterable[Sequence[Experiment]], columns: Sequence[Column]) -> Iterator[str]:
    header = ["id", "name", *(column.key for column in columns)]
    return spreadsheets.lines(header, _rows(batches, columns))


def _rows(batches: Iterable[Sequence[Experiment]], columns: Sequence[Column]) -> Iterator[list[Any]]:
    for runs in batches:
        values = history.cells(runs, columns)
        for run in runs:
            yield [run.pk, run.name, *(values[run.pk][column.key] for column in columns)]


def _batches(workspace: Workspace, query: HistoryQuery) -> Iterator[list[Experiment]]:
    """Pages one after the other by their cursors, so that runs which are added meanwhile move nothing."""
    following = dataclasses.replace(query, after="", before="")
    left = MOST_ROWS
    while left > 0:
        found = history.page(workspace, following, min(BATCH, left))
        yield found.runs
        left -= len(found.runs)
        if not found.next_cursor or not found.runs:
            return
        following = dataclasses.replace(following, after=found.next_cursor)

"""``manage.py list_experiments``: the history as its page gives it, for the terminal, as JSON or as CSV."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import Experiment
from experiments.query import QueryError
from experiments.selectors import columns as column_rows
from experiments.selectors import history
from experiments.selectors.columns import Column, UnknownColumn
from experiments.selectors.history import HistoryQuery
from experiments.services.actors import workspace_of
from mlopspro.accounts.models import Workspace
from mlopspro.core import formats, spreadsheets

BATCH = 500
MOST = 100_000


class Command(BaseCommand):
    help = "List runs: find them by a query, sort them by any column, choose what is shown of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--query", default="", help='such as "metrics.f1_score > 0.5 and params.learning_rate = 0.001"'
        )
        parser.add_argument(
            "--sort", default="-created_at", help="column to sort by; a minus in front means descending (--sort=-name)"
        )
        parser.add_argument(
            "--columns", default="", help="columns to show, separated by commas; default as on the page"
        )
        parser.add_argument("--limit", type=int, default=50, help=f"how many runs, default 50, at most {MOST:,}")
        parser.add_argument("--deleted", action="store_true", help="deleted runs instead of the others")
        parser.add_argument("--workspace", default="", help="slug; needed where there are several")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="a list of objects, values in full")
        form.add_argument("--csv", action="store_true", help="lines with a header, values in full")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["limit"] <= MOST:
            raise CommandError(f"--limit {options['limit']}: accepted is 1 to {MOST}.")
        workspace = workspace_of(options["workspace"])
        query = HistoryQuery(
            text=options["query"].strip(),
            sort=options["sort"].removeprefix("-"),
            descending=options["sort"].startswith("-"),
            deleted=options["deleted"],
        )
        chosen = self._columns(workspace, options["columns"], query.sort)
        write = self._json if options["json"] else self._csv if options["csv"] else self._table
        write(chosen, self._runs(workspace, query, options["limit"]))

    def _columns(self, workspace: Workspace, text: str, sort: str) -> list[Column]:
        keys = [key.strip() for key in text.split(",") if key.strip()] or list(column_rows.DEFAULT)
        try:
            *found, _ = column_rows.found(workspace, [*keys, sort])
        except UnknownColumn as error:
            raise CommandError(error.message) from error
        return list(dict.fromkeys(found))

    def _runs(self, workspace: Workspace, query: HistoryQuery, limit: int) -> Iterator[list[Experiment]]:
        """Pages one after the other; what the history says about the query goes to the error stream."""
        following, left, said = query, limit, False
        while left > 0:
            page = history.page(workspace, following, min(BATCH, left))
            if page.error is not None:
                raise CommandError(_pointed(query.text, page.error))
            for note in () if said else page.notes:
                self.stderr.write(note)
            said = True
            yield page.runs
            left -= len(page.runs)
            if not page.next_cursor or not page.runs:
                return
            following = replace(following, after=page.next_cursor)

    def _rows(
        self, chosen: Sequence[Column], pages: Iterator[list[Experiment]]
    ) -> Iterator[tuple[Experiment, list[Any]]]:
        for runs in pages:
            values = history.cells(runs, chosen)
            for run in runs:
                yield run, [values[run.pk][column.key] for column in chosen]

    def _json(self, chosen: Sequence[Column], pages: Iterator[list[Experiment]]) -> None:
        listed = [
            {"id": str(run.pk)} | {column.key: _plain(value) for column, value in zip(chosen, values, strict=True)}
            for run, values in self._rows(chosen, pages)
        ]
        self.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2))

    def _csv(self, chosen: Sequence[Column], pages: Iterator[list[Experiment]]) -> None:
        rows = ([run.pk, *values] for run, values in self._rows(chosen, pages))
        for line in spreadsheets.lines(["id", *(column.key for column in chosen)], rows):
            self.stdout.write(line, ending="")

    def _table(self, chosen: Sequence[Column], pages: Iterator[list[Experiment]]) -> None:
        header = [
            "id",
            *(f"{column.label} ({column.protocol})" if column.protocol else column.label for column in chosen),
        ]
        rows = [
            [formats.short_id(run.pk), *(_short(column, value) for column, value in zip(chosen, values, strict=True))]
            for run, values in self._rows(chosen, pages)
        ]
        if not rows:
            self.stderr.write("No run matches.")
            return
        widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
        numeric = [False, *(column.numeric for column in chosen)]
        for row in [header, *rows]:
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            ]
            self.stdout.write("  ".join(cells).rstrip())


def _short(column: Column, value: Any) -> str:
    if isinstance(value, dt.timedelta):
        return formats.duration(value)
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if column.kind == "metric":
        return formats.metric(value)
    text = ", ".join(value) if isinstance(value, list) else formats.UNDEFINED if value in (None, "") else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _plain(value: Any) -> Any:
    """As JSON has it: durations in seconds, times as ISO 8601 in UTC, undefined numbers as null."""
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, float):
        return formats.as_float(value)
    return value if value is None or isinstance(value, str | int | list) else str(value)


def _pointed(text: str, error: QueryError) -> str:
    """The query with a mark under the place of the mistake, and the message."""
    if not text or "\n" in text or len(text) > 200:
        return error.message
    return f"{text}\n{' ' * error.position}{'^' * max(1, error.length)}\n{error.message}"

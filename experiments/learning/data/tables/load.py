"""A file in, a table that can be learnt from out: bad rows quarantined, everything counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.quarantine import REFUSED, Quarantine
from experiments.learning.data.tables import roles as checking
from experiments.learning.data.tables.describe import role_of
from experiments.learning.data.tables.judging import judge
from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.reading import SeenTable, TableChunk, read, see
from experiments.learning.data.tables.repeated import repeated_days
from experiments.learning.data.tables.suggest import suggest
from experiments.learning.data.tables.untyped import typed_columns
from experiments.learning.data.validation import Report
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.base import Roles

Progress = Callable[[int], None]
RULE = "Rows that repeat another one count as rows of their own."
FORECASTING_RULE = "A series has one row a day: the first in the file counts, later ones are refused."


@dataclass(frozen=True)
class LoadedTable:
    """The good rows in file order, typed as they are stored, and what became of the others."""

    frame: pd.DataFrame
    roles: Roles
    refused: pd.DataFrame
    report: Report


def load(
    path: Path, options: TableOptions, format_key: str | None = None, on_progress: Progress | None = None
) -> LoadedTable:
    """Reads and judges a table. Without roles, those that are suggested are taken.

    Raises:
        DatasetError: a role is missing or does not fit, the file cannot be read, or no row is left.
    """
    seen = see(path, options.read_options(), format_key)
    options = with_suggestions(seen, options)
    roles = options.roles or Roles()  # type: ignore[call-arg]
    refuse_roles(roles, options.family, seen.columns)
    gathered = _Gathered(seen, options, role_of(roles))
    for chunk in read(path, seen, options.read_options()):
        gathered.add(chunk)
        if on_progress is not None:
            on_progress(gathered.rows_read)
    return gathered.loaded(roles)


def with_suggestions(seen: SeenTable, options: TableOptions) -> TableOptions:
    """The options with suggested roles, decimal mark and time format, where no roles were chosen."""
    if options.roles is not None:
        return options
    found = suggest(seen, options.family)
    changes: dict[str, Any] = {"roles": found.roles, "decimal": found.decimal, "time_format": found.time_format}
    said = options.model_fields_set - {"roles"}
    return options.model_copy(update={name: value for name, value in changes.items() if name not in said})


def refuse_roles(roles: Roles, family: Family, columns: tuple[str, ...]) -> None:
    """Raises DatasetError with the first problem, naming its role."""
    found = checking.problems(roles, family, columns)
    if found:
        about = ABOUT[family]
        accepted = ", ".join(role.name for role in about.roles if role.required)
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise DatasetError(
            f"role {found[0].role}", found[0].message + others, accepted=f"columns for {accepted}, each with one role"
        )


class _Gathered:
    """Good rows as they come in, chunk by chunk."""

    def __init__(self, seen: SeenTable, options: TableOptions, role: dict[str, str]) -> None:
        self.options, self.role = options, role
        self.quarantine = Quarantine()
        self.rows_read = self.blank_lines = 0
        self.parts: dict[str, list[Any]] = {name: [] for name in seen.columns}
        self.lines: list[NDArray[np.int64]] = []
        self.file = ""

    def add(self, chunk: TableChunk) -> None:
        self.file = chunk.file
        self.rows_read += len(chunk.line) + len(chunk.refused)
        self.blank_lines += chunk.blank_lines
        for row in chunk.refused:
            self.quarantine.add(REFUSED, row.file, row.line, row.reason, row.raw)
        converted, verdict = judge(chunk, self.options, self.role)
        bad = verdict.codes != 0
        for place in np.flatnonzero(bad):
            raw = chunk.raw(int(place)) if self.quarantine.has_room else ""
            reason = verdict.reasons[verdict.codes[place]]
            self.quarantine.add(REFUSED, chunk.file, int(chunk.line[place]), reason, raw)
        good = np.flatnonzero(~bad)
        self.lines.append(chunk.line[good])
        for name, column in converted.items():
            self.parts[name].append(column[good] if isinstance(column, np.ndarray) else column.take(pa.array(good)))

    def loaded(self, roles: Roles) -> LoadedTable:
        if not self.rows_read:
            raise DatasetError("file", "holds no rows", accepted="a file with at least one row below its header")
        lines = np.concatenate(self.lines) if self.lines else np.empty(0, np.int64)
        if not len(lines):
            reason, count = self.quarantine.counts[REFUSED].most_common(1)[0]
            raise DatasetError(
                "rows",
                f"all {self.rows_read:,} were refused; the most frequent reason ({count:,} rows): {reason}",
                accepted=f"rows that have {', '.join(sorted(set(self.role.values())))}",
            )
        frame = typed_columns(self.parts, self.role, self.options)
        forecasting = self.options.family is Family.FORECASTING
        if forecasting:
            frame = self._one_row_a_day(frame, roles, lines)
        refused = self.quarantine.total(REFUSED)
        report = Report(
            rows_read=self.rows_read,
            rows_kept=len(frame),
            rows_refused=refused,
            rows_merged=0,
            exact_duplicates=0,
            blank_lines=self.blank_lines,
            listed=self.quarantine.listed(),
            rule=FORECASTING_RULE if forecasting else RULE,
            reasons=dict(self.quarantine.counts[REFUSED].most_common()),
            merged_reasons={},
        )
        return LoadedTable(frame, roles, self.quarantine.frame(), report)

    def _one_row_a_day(self, frame: pd.DataFrame, roles: Roles, lines: NDArray[np.int64]) -> pd.DataFrame:
        reason = "another row of the same series and day came first"
        bad, first = repeated_days(frame, roles)
        places = np.flatnonzero(bad)
        for count, place in enumerate(places):
            if not self.quarantine.has_room:
                self.quarantine.count_only(REFUSED, reason, len(places) - count)
                break
            row = frame.iloc[place]
            cells = " | ".join(str(row[name]) for name in (roles.time, *roles.series, roles.target))
            raw = f"{cells} | first: line {lines[first[place]]}"
            self.quarantine.add(REFUSED, self.file, int(lines[place]), reason, raw)
        return frame[~bad].reset_index(drop=True)

"""Keeps what was refused or merged, for people to look at; bounded in memory, complete in its counts."""

from __future__ import annotations

from collections import Counter

import pandas as pd

MAX_LISTED = 100_000
"""So many rows are kept with their text; further ones are counted by reason all the same."""

COLUMNS = ("kind", "file", "line", "reason", "raw")
REFUSED, DUPLICATE, FEATURE = "refused", "duplicate", "feature"


class Quarantine:
    """Rows that became no interaction (kind refused), were merged (duplicate), or stand in feature files (feature)."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {REFUSED: Counter(), DUPLICATE: Counter(), FEATURE: Counter()}
        self._rows: list[tuple[str, str, int, str, str]] = []

    def add(self, kind: str, file: str, line: int, reason: str, raw: str) -> None:
        self.counts[kind][reason] += 1
        if len(self._rows) < MAX_LISTED:
            self._rows.append((kind, file, line, reason, raw))

    def count_only(self, kind: str, reason: str, rows: int) -> None:
        """Counts rows that are not listed one by one."""
        if rows:
            self.counts[kind][reason] += rows

    @property
    def has_room(self) -> bool:
        return len(self._rows) < MAX_LISTED

    def total(self, kind: str) -> int:
        return self.counts[kind].total()

    def listed(self) -> int:
        return len(self._rows)

    def frame(self) -> pd.DataFrame:
        """Columns kind, file, line, reason, raw; one row a listed row, by file and line."""
        frame = pd.DataFrame(self._rows, columns=list(COLUMNS))
        typed = frame.astype({"kind": "str", "file": "str", "line": "int64", "reason": "str", "raw": "str"})
        return typed.sort_values(["file", "line"], kind="stable", ignore_index=True)

"""Collects good rows chunk by chunk, in little memory, while identifiers become codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.quarantine import REFUSED, Quarantine
from experiments.learning.data.readers.base import Chunk
from experiments.learning.data.readers.options import ColumnMapping
from experiments.learning.data.rows import JudgedRows, judge


@dataclass
class Table:
    """All good rows in file order. Mutable on purpose: millions of rows are put in order column by column."""

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    value: NDArray[np.float32]
    timestamp: NDArray[np.int64] | None
    part: NDArray[np.int8] | None
    line: NDArray[np.int32]
    file: NDArray[np.int16]
    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]

    def pairs(self) -> NDArray[np.int64]:
        """One number for each (user, item), ascending with user and then item, shape (n,)."""
        pair = self.user.astype(np.int64)
        pair *= len(self.item_ids)
        pair += self.item
        return pair

    def reorder(self, order: NDArray[np.int64]) -> None:
        """Keeps these rows in this order; each old column is let go before the next is copied. Line numbers go."""
        self.line, self.file = self.line[:0], self.file[:0]
        self.user = self.user[order]
        self.item = self.item[order]
        self.value = self.value[order]
        if self.timestamp is not None:
            self.timestamp = self.timestamp[order]
        if self.part is not None:
            self.part = self.part[order]


class _Vocabulary:
    """Identifiers to codes in order of first appearance; sorted at the end."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def encode(self, encoded: Any) -> NDArray[np.int32]:
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        texts = encoded.dictionary.to_pylist()
        used = np.zeros(len(texts), bool)
        used[indices] = True
        known = self.codes
        lookup = np.fromiter(
            (known.setdefault(text, len(known)) if seen else -1 for text, seen in zip(texts, used, strict=True)),
            np.int32,
            count=len(texts),
        )
        return np.asarray(lookup[indices])

    def ordered(self) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
        """Sorted identifiers, and for each first-appearance code its sorted code."""
        ids = np.array(list(self.codes), dtype=np.str_)
        order = np.argsort(ids, kind="stable")
        rank = np.empty(len(ids), np.int32)
        rank[order] = np.arange(len(ids), dtype=np.int32)
        return ids[order], rank


class Gathered:
    """Good rows as they come in, chunk by chunk; a row takes some twenty bytes."""

    def __init__(self, mapping: ColumnMapping) -> None:
        self.mapping = mapping
        self.quarantine = Quarantine()
        self.rows_read = 0
        self.blank_lines = 0
        self.files: list[str] = []
        self._users, self._items = _Vocabulary(), _Vocabulary()
        self._parts: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("user", "item", "value", "timestamp", "part", "line", "file")
        }

    def add(self, chunk: Chunk) -> None:
        self.rows_read += len(chunk) + len(chunk.refused)
        self.blank_lines += chunk.blank_lines
        for row in chunk.refused:
            self.quarantine.add(REFUSED, row.file, row.line, row.reason, row.raw)
        rows = judge(chunk, self.mapping)
        for position, reason in rows.refused:
            raw = chunk.raw(position) if self.quarantine.has_room else ""
            self.quarantine.add(REFUSED, chunk.file, int(chunk.line[position]), reason, raw)
        if len(rows.line):
            self._keep(rows, chunk.file)

    def _keep(self, rows: JudgedRows, file: str) -> None:
        if not self.files or self.files[-1] != file:
            self.files.append(file)
        kept = self._parts
        kept["user"].append(self._users.encode(rows.user))
        kept["item"].append(self._items.encode(rows.item))
        kept["value"].append(rows.value)
        kept["line"].append(rows.line.astype(np.int32))
        kept["file"].append(np.full(len(rows.line), len(self.files) - 1, np.int16))
        if rows.timestamp is not None:
            kept["timestamp"].append(rows.timestamp)
        if rows.part is not None:
            kept["part"].append(rows.part)

    @property
    def num_rows(self) -> int:
        return sum(map(len, self._parts["value"]))

    @property
    def num_users(self) -> int:
        return len(self._users.codes)

    @property
    def num_items(self) -> int:
        return len(self._items.codes)

    def table(self) -> Table:
        """All rows in one piece; the chunks are let go column by column, so that nothing is held twice."""

        def joined(name: str) -> NDArray[Any]:
            chunks = self._parts.pop(name)
            return np.concatenate(chunks)

        user_ids, user_rank = self._users.ordered()
        item_ids, item_rank = self._items.ordered()
        return Table(
            user=user_rank[joined("user")],
            item=item_rank[joined("item")],
            value=joined("value"),
            timestamp=joined("timestamp") if self._parts["timestamp"] else None,
            part=joined("part") if self._parts["part"] else None,
            line=joined("line"),
            file=joined("file"),
            user_ids=user_ids,
            item_ids=item_ids,
        )

"""From a reader's chunks to Interactions: bad rows quarantined, duplicates resolved, everything counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.data.duplicates import RULES, Resolved, resolve
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.frames import align_features
from experiments.learning.data.gathering import Gathered, Table
from experiments.learning.data.interactions import Feedback, Interactions
from experiments.learning.data.quarantine import DUPLICATE, FEATURE, REFUSED
from experiments.learning.data.readers.base import Opened
from experiments.learning.data.readers.options import ColumnMapping
from experiments.learning.data.scales import infer_scale

Progress = Callable[[int], None]
"""Called now and then with the number of rows read so far; may raise to stop the import."""


@dataclass(frozen=True)
class Report:
    """What became of every row; rows_read = rows_kept + rows_refused + rows_merged.

    ``reasons`` and ``merged_reasons`` count by reason; ``rule`` is how duplicates were resolved, in words; ``listed``
    is how many of the refused and merged rows are kept with their text; ``notes`` are sentences about the rest.
    """

    rows_read: int
    rows_kept: int
    rows_refused: int
    rows_merged: int
    exact_duplicates: int
    blank_lines: int
    listed: int
    rule: str
    reasons: dict[str, int]
    merged_reasons: dict[str, int]
    feature_rows_refused: int = 0
    scale_inferred: bool = False
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Validated:
    """Interactions in canonical order (by user, then item), the quarantined rows, and the report.

    Columns of ``refused``: kind (refused, duplicate, feature), file, line, reason, raw.
    """

    interactions: Interactions
    refused: pd.DataFrame
    report: Report


def validate(opened: Opened, on_progress: Progress | None = None) -> Validated:
    """Reads everything and returns what can be learned from.

    Raises:
        DatasetError: nothing usable is left: no row, one user, one item, or two parts of which one is empty.
    """
    gathered = Gathered(opened.mapping)
    for chunk in opened.chunks:
        gathered.add(chunk)
        if on_progress is not None:
            on_progress(gathered.rows_read)
    _refuse_nothing_left(gathered)
    table = gathered.table()
    resolved = _one_row_a_pair(table, gathered)
    interactions = _assemble(table, opened.mapping)
    notes: list[str] = []
    features = {}
    for owner, source, ids in (
        ("users", opened.users, interactions.user_ids),
        ("items", opened.items, interactions.item_ids),
    ):
        features[owner] = align_features(source(), ids, owner, gathered.quarantine, notes)
    interactions = replace(interactions, users=features["users"], items=features["items"])
    report = _report(gathered, resolved, len(interactions), notes)
    return Validated(interactions, gathered.quarantine.frame(), report)


def _refuse_nothing_left(gathered: Gathered) -> None:
    if not gathered.rows_read:
        raise DatasetError("file", "holds no rows", accepted="a file with at least one row below its header")
    if not gathered.num_rows:
        reason, count = gathered.quarantine.counts[REFUSED].most_common(1)[0]
        raise DatasetError(
            "rows",
            f"all {gathered.rows_read:,} were refused; the most frequent reason ({count:,} rows): {reason}",
            accepted="rows with a user, an item and, if mapped, a number and a time",
        )
    for field_name, count in (("user column", gathered.num_users), ("item column", gathered.num_items)):
        if count < 2:
            what = field_name.split()[0]
            raise DatasetError(
                field_name,
                f"holds one {what} only, so there is nothing to learn from",
                value=getattr(gathered.mapping, what),
                accepted=f"a column with at least two different {what}s",
            )


def _list_duplicates(table: Table, resolved: Resolved, gathered: Gathered) -> None:
    quarantine, explicit = gathered.quarantine, gathered.mapping.feedback == "explicit"
    reason = "a later rating of the same pair counts" if explicit else "added to another event of the same pair"
    for count, (row, into) in enumerate(zip(resolved.merged, resolved.into, strict=True)):
        if not quarantine.has_room:
            quarantine.count_only(DUPLICATE, reason, len(resolved.merged) - count)
            return
        cells = [
            f"user {table.user_ids[table.user[row]]}",
            f"item {table.item_ids[table.item[row]]}",
            f"value {table.value[row]:g}",
        ]
        if table.timestamp is not None:
            cells.append(f"time {table.timestamp[row]}")
        cells.append(f"merged into line {table.line[into]} of {gathered.files[table.file[into]]}")
        quarantine.add(DUPLICATE, gathered.files[table.file[row]], int(table.line[row]), reason, " | ".join(cells))


def _one_row_a_pair(table: Table, gathered: Gathered) -> Resolved:
    """Resolves duplicates and puts the table in canonical order, by user and then item.

    As pairs are distinct afterwards, this order is total: the same content is always split and trained on in one order.
    """
    pair = table.pairs()
    resolved = resolve(pair, table.value, table.timestamp, table.part, gathered.mapping.feedback)
    _list_duplicates(table, resolved, gathered)
    order = np.argsort(pair, kind="stable")
    del pair
    if len(resolved.merged):
        table.value[resolved.stays] = resolved.value
        if table.timestamp is not None and resolved.timestamp is not None:
            table.timestamp[resolved.stays] = resolved.timestamp
        stays = np.ones(len(order), bool)
        stays[resolved.merged] = False
        order = order[stays[order]]
    table.reorder(order)
    return resolved


def _assemble(table: Table, mapping: ColumnMapping) -> Interactions:
    scale = None
    if mapping.feedback == "explicit":
        scale = mapping.scale or infer_scale(table.value)
    part = table.part
    if part is not None and len(np.unique(part)) < 2:
        only = "train" if part[0] == 0 else "test"
        accepted = "rows of both parts, train and test"
        raise DatasetError("part", f"all rows belong to the {only} part", value=only, accepted=accepted)
    return Interactions(
        user=table.user,
        item=table.item,
        value=table.value,
        timestamp=table.timestamp,
        part=part,
        user_ids=table.user_ids,
        item_ids=table.item_ids,
        feedback=mapping.feedback,
        scale=scale,
    )


def _report(gathered: Gathered, resolved: Resolved, rows_kept: int, notes: list[str]) -> Report:
    mapping = gathered.mapping
    quarantine = gathered.quarantine
    return Report(
        rows_read=gathered.rows_read,
        rows_kept=rows_kept,
        rows_refused=quarantine.total(REFUSED),
        rows_merged=len(resolved.merged),
        exact_duplicates=resolved.exact,
        blank_lines=gathered.blank_lines,
        listed=quarantine.listed(),
        rule=rule_text(mapping.feedback),
        reasons=dict(quarantine.counts[REFUSED].most_common()),
        merged_reasons=dict(quarantine.counts[DUPLICATE].most_common()),
        feature_rows_refused=quarantine.total(FEATURE),
        scale_inferred=mapping.feedback == "explicit" and mapping.scale is None,
        notes=notes,
    )


def rule_text(feedback: Feedback) -> str:
    """How duplicates are resolved, for pages and reports."""
    return RULES[feedback]

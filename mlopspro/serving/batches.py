"""Answers for everybody at once, into one Parquet file that appears as a whole or not at all.

Nothing of it is logged as predictions: nobody is shown anything yet. Users are scored in blocks, so memory does not
grow with their number. One version answers everybody, the champion where none is named: users that a challenger
answers, or whose lists are interleaved, get its list too, and no last place is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.learning import atomic
from mlopspro.serving.rows import answers_of
from mlopspro.serving.versions import Recommender, ServedVersion

NUMBERS_AT_ONCE = 1 << 22
"""Scores in memory at a time, 16 MiB."""
ROWS_AT_ONCE = 1_000
LISTS = pa.schema(
    [
        ("user", pa.string()),
        ("rank", pa.int32()),
        ("item", pa.string()),
        ("score", pa.float32()),
        ("version", pa.string()),
    ]
)
Progress = Callable[[int, int], None]


def write_lists(version: ServedVersion, target: Path, *, n: int, progress: Progress) -> int:
    """The best ``n`` unseen items of every user that the version learnt from; returns how many users have a list.

    Columns user, rank (from 1), item, score, version. ``progress`` is told (users done, users).
    """
    model = version.recommender
    if model is None:
        raise ValueError(f"version {version.number} is no recommender")
    users = np.flatnonzero(model.catalogue.history > 0).astype(np.int32)
    at_once = max(1, NUMBERS_AT_ONCE // max(1, model.catalogue.num_items))
    with _whole(target, LISTS) as writer:
        for start in range(0, len(users), at_once):
            block = users[start : start + at_once]
            writer.write_table(_lists(model, block, n, version.number))
            progress(min(start + at_once, len(users)), len(users))
    return len(users)


def write_rows(version: ServedVersion, table: pd.DataFrame, target: Path, *, progress: Progress) -> int:
    """One answer for each row of ``table``: its columns, and value, label, probability, action and version."""
    model = version.table
    if model is None:
        raise ValueError(f"version {version.number} does not answer rows")
    known = [column.name for column in model.inputs.columns if column.name in table.columns]
    writer: pq.ParquetWriter | None = None
    partial = _partial(target)
    try:
        for start in range(0, len(table), ROWS_AT_ONCE):
            part = table.iloc[start : start + ROWS_AT_ONCE]
            given = part[known].astype(object).where(part[known].notna(), None)
            found = answers_of(model, [{str(k): v for k, v in row.items()} for row in given.to_dict("records")])
            answered = part.assign(
                value=[one.value for one in found],
                label=[one.label for one in found],
                probability=np.array([np.nan if one.confidence is None else one.confidence for one in found]),
                action=[one.action for one in found],
                version=version.number,
            )
            made = pa.Table.from_pandas(answered, preserve_index=False)
            writer = writer or pq.ParquetWriter(partial, made.schema)
            writer.write_table(made.cast(writer.schema))
            progress(min(start + ROWS_AT_ONCE, len(table)), len(table))
        if writer is None:
            raise ValueError("the table has no row; accepted: at least one")
        writer.close()
        _publish(partial, target)
    finally:
        if writer is not None:
            writer.close()
        partial.unlink(missing_ok=True)
    return len(table)


def _lists(model: Recommender, users: np.ndarray, n: int, number: str) -> pa.Table:
    catalogue = model.catalogue
    scores = model.scorer.score_block(users)
    best = [catalogue.best(row, user, n) for row, user in zip(scores, users.tolist(), strict=True)]
    lengths = [len(codes) for codes in best]
    chosen = np.concatenate(best) if best else np.empty(0, np.int32)
    rows = np.repeat(np.arange(len(users)), lengths)
    return pa.table(
        {
            "user": pa.array(np.repeat([catalogue.user_ids[user] for user in users.tolist()], lengths), pa.string()),
            "rank": pa.array(np.concatenate([np.arange(1, length + 1) for length in lengths]), pa.int32()),
            "item": pa.array([catalogue.item_ids[item] for item in chosen.tolist()], pa.string()),
            "score": pa.array(scores[rows, chosen], pa.float32()),
            "version": pa.array([number] * len(chosen), pa.string()),
        },
        schema=LISTS,
    )


@contextmanager
def _whole(target: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer beside ``target``, which gets its name when everything is written and on disk."""
    partial = _partial(target)
    try:
        with pq.ParquetWriter(partial, schema) as writer:
            yield writer
        _publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def _publish(partial: Path, target: Path) -> None:
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    atomic.publish(partial, target)

"""Reads the log's rows of one source and minute by column, with the feedback that counts on them.

COPY to CSV, parsed by Arrow: the rows never become Python objects. A busy minute is summed up block by block.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from pyarrow import csv

from experiments.learning.metrics.settings import STANDARD_RELEVANT_FROM, relevance_threshold
from monitoring.models import Source
from monitoring.summaries.rows import UNSHOWN, FeedbackRows, ReferenceContext, Rows

MINUTE = dt.timedelta(minutes=1)
BLOCK_BYTES = 8 << 20
BETWEEN = "\x1f"
"""Stands between the items of a list on its way here."""
_COLUMNS = {
    "id": pa.string(),
    "user": pa.string(),
    "history": pa.float64(),
    "fallback": pa.bool_(),
    "failed": pa.bool_(),
    "listed": pa.bool_(),
    "length": pa.int64(),
    "items": pa.string(),
    "value": pa.float64(),
    "label": pa.string(),
    "confidence": pa.float64(),
    "latency_ms": pa.float64(),
}
_FEEDBACK = {
    "prediction_id": pa.string(),
    "place": pa.int64(),
    "item": pa.string(),
    "kind": pa.string(),
    "value": pa.float64(),
    "label": pa.string(),
}
_PREDICTIONS_SQL = """
COPY (
    SELECT id, "user", history, fallback, error <> '', items IS NOT NULL, coalesce(cardinality(items), 0),
           array_to_string({items}, E'\\x1f', ''), value, label, confidence, latency_ms{compared}
    FROM monitoring_prediction
    WHERE day = %(day)s AND source_id = %(source)s AND at >= %(start)s AND at < %(end)s
    ORDER BY at, id
) TO STDOUT (FORMAT csv)"""
_CLEANED = r"ARRAY(SELECT translate(i, E'\x1f', ' ') FROM unnest(items) WITH ORDINALITY AS u(i, n) ORDER BY n)"
"""Items where one of them has the character that stands between them."""
_FEEDBACK_SQL = """
COPY (
    SELECT DISTINCT ON (f.prediction_id, f.item, f.kind)
           f.prediction_id, coalesce(array_position(p.items, f.item), 0) - 1, f.item, f.kind, f.value, f.label
    FROM monitoring_prediction p JOIN monitoring_feedback f ON f.day = p.day AND f.prediction_id = p.id
    WHERE p.day = %(day)s AND f.day = %(day)s AND p.source_id = %(source)s AND p.at >= %(start)s AND p.at < %(end)s
    ORDER BY f.prediction_id, f.item, f.kind, f.at DESC, f.received_at DESC, f.id DESC
) TO STDOUT (FORMAT csv)"""
assert UNSHOWN == -1, "the query above says so"  # noqa: S101


def liked_from(source: Source) -> float:
    """The rating from which an item is positive: the relevance rule of the version's run, on its dataset's scale."""
    version = source.version
    if version is None or version.dataset.scale is None:
        return STANDARD_RELEVANT_FROM
    said = (version.experiment.preparation or {}).get("evaluation", {})
    return relevance_threshold(said.get("relevant_from"), version.dataset.scale)


def read_minute(
    source_id: int, minute: dt.datetime, threshold: float, reference: ReferenceContext | None = None
) -> Iterator[Rows]:
    """The rows of a minute in blocks, in the order of their times. Nothing where there are none.

    Scores and features are read as far as ``reference`` compares them.
    """
    asked = {"day": minute.astimezone(dt.UTC).date(), "source": source_id, "start": minute, "end": minute + MINUTE}
    feedback = _table(_copied(_FEEDBACK_SQL, asked), _FEEDBACK)
    compared, columns = _compared(reference)
    asked |= {f"feature{place}": name for place, name in enumerate(reference.features if reference else ())}
    data = _copied(_PREDICTIONS_SQL.format(items="items", compared=compared), asked)
    if data.count(BETWEEN.encode()) and not _splits(data, columns):
        data = _copied(_PREDICTIONS_SQL.format(items=_CLEANED, compared=compared), asked)
    if not data:
        return
    with csv.open_csv(io.BytesIO(data), **_options(columns)) as reader:
        for batch in reader:
            if batch.num_rows:
                yield _rows(pa.Table.from_batches([batch]).combine_chunks(), feedback, threshold, reference)


def _compared(reference: ReferenceContext | None) -> tuple[str, dict[str, pa.DataType]]:
    """(further columns of the query, all columns). Names of features are parameters; their values come as JSON."""
    if reference is None:
        return "", _COLUMNS
    further = {f"feature{place}": f"features->%(feature{place})s" for place in range(len(reference.features))}
    columns: dict[str, pa.DataType] = _COLUMNS | dict.fromkeys(further, pa.string())
    if reference.scored:
        further["first_score"], columns["first_score"] = "scores[1]", pa.float64()
    return "".join(f", {one}" for one in further.values()), columns


def _copied(statement: str, asked: dict[str, Any]) -> bytes:
    with connection.cursor() as cursor, cursor.copy(statement, asked) as copy:
        return b"".join(copy)


def _splits(data: bytes, columns: dict[str, pa.DataType]) -> bool:
    """Whether every list comes apart into as many items as it has."""
    table = _table(data, columns)
    found = pc.add(pc.count_substring(table["items"], BETWEEN), 1)
    listed = pc.greater(table["length"], 0)
    return bool(pc.all(pc.equal(pc.filter(found, listed), pc.filter(table["length"], listed)), min_count=0).as_py())


def _options(columns: dict[str, pa.DataType]) -> dict[str, Any]:
    return {
        "read_options": csv.ReadOptions(column_names=list(columns), block_size=BLOCK_BYTES, use_threads=False),
        "parse_options": csv.ParseOptions(newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            column_types=columns,
            null_values=["", "NaN", "Infinity", "-Infinity"],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=False,
        ),
    }


def _table(data: bytes, columns: dict[str, pa.DataType]) -> pa.Table:
    if not data:
        return pa.schema(list(columns.items())).empty_table()
    return csv.read_csv(io.BytesIO(data), **_options(columns)).combine_chunks()


def _numbers(column: pa.ChunkedArray) -> Any:
    return np.asarray(pc.fill_null(column, float("nan")), np.float64)


def _words(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def _rows(table: pa.Table, feedback: pa.Table, threshold: float, reference: ReferenceContext | None) -> Rows:
    names = reference.features if reference is not None else ()
    items = _words(table["items"]).filter(pc.greater(_words(table["length"]), 0))
    return Rows(
        user=_words(table["user"]),
        history=_numbers(table["history"]),
        fallback=np.asarray(table["fallback"], np.bool_),
        failed=np.asarray(table["failed"], np.bool_),
        listed=np.asarray(table["listed"], np.bool_),
        lengths=np.asarray(table["length"], np.int64),
        items=pc.list_flatten(pc.split_pattern(items, BETWEEN)),
        value=_numbers(table["value"]),
        label=_words(table["label"]),
        confidence=_numbers(table["confidence"]),
        latency_ms=_numbers(table["latency_ms"]),
        feedback=_joined(feedback, _words(table["id"])),
        liked_from=threshold,
        reference=reference,
        first_score=_numbers(table["first_score"]) if "first_score" in table.column_names else None,
        features={name: _words(table[f"feature{place}"]) for place, name in enumerate(names)},
    )


def _joined(feedback: pa.Table, ids: pa.Array) -> FeedbackRows:
    if not feedback.num_rows:
        return FeedbackRows.none()
    where = pc.index_in(_words(feedback["prediction_id"]), value_set=ids)
    ours = feedback.filter(pc.is_valid(where))
    return FeedbackRows(
        row=np.asarray(pc.drop_null(where), np.int64),
        place=np.asarray(ours["place"], np.int64),
        item=_words(ours["item"]),
        kind=_words(ours["kind"]),
        value=_numbers(ours["value"]),
        label=_words(ours["label"]),
    )

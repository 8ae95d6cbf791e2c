"""Feedback on a model's answers as columns, read from the log in one go: what a retraining composes its data of.

What counts is fixed by one moment, the cut: feedback received up to it. Feedback that comes later is the next
retraining's, however old the prediction is. The same cut gives the same rows in the same order.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection, transaction
from numpy.typing import NDArray
from pyarrow import csv

from experiments.models import RegisteredModel
from monitoring.models import Source

STATEMENT_TIMEOUT = "600s"
Words = NDArray[np.object_]
Floats = NDArray[np.float64]

_LIST_SQL = """
COPY (
    SELECT "user", item, kind, coalesce(value, 'NaN'), extract(epoch FROM at), extract(epoch FROM received_at)
    FROM (
        SELECT DISTINCT ON (f.prediction_id, f.item, f.kind)
               p."user", f.item, f.kind, f.value, f.at, f.received_at, f.id
        FROM monitoring_feedback f JOIN monitoring_prediction p ON p.day = f.day AND p.id = f.prediction_id
        WHERE p.source_id = ANY(%(sources)s) AND p."user" <> '' AND p.error = '' AND f.item <> ''
          AND f.kind IN ('rating', 'click', 'conversion', 'skip')
          AND f.received_at > %(since)s AND f.received_at <= %(cut)s
        ORDER BY f.prediction_id, f.item, f.kind, f.at DESC, f.received_at DESC, f.id DESC
    ) counted
    ORDER BY at, received_at, id
) TO STDOUT (FORMAT csv)"""
_TABLE_SQL = """
COPY (
    SELECT features::text, kind, coalesce(value, 'NaN'), label, extract(epoch FROM at), extract(epoch FROM received_at),
           extract(epoch FROM asked)
    FROM (
        SELECT DISTINCT ON (f.prediction_id)
               p.features, f.kind, f.value, f.label, f.at, f.received_at, p.at AS asked, f.id
        FROM monitoring_feedback f JOIN monitoring_prediction p ON p.day = f.day AND p.id = f.prediction_id
        WHERE p.source_id = ANY(%(sources)s) AND p.error = '' AND p.features IS NOT NULL
          AND f.kind IN ('label', 'value')
          AND f.received_at > %(since)s AND f.received_at <= %(cut)s
        ORDER BY f.prediction_id, f.at DESC, f.received_at DESC, f.id DESC
    ) counted
    ORDER BY asked, id
) TO STDOUT (FORMAT csv)"""


@dataclass(frozen=True)
class ListFeedback:
    """Feedback on lists, oldest first; of contradictory ones on one answer, item and kind the latest. Shapes (n,).

    ``at`` and ``received`` are Unix seconds UTC; ``value`` is NaN where none was given.
    """

    user: Words
    item: Words
    kind: Words
    value: Floats
    at: Floats
    received: Floats

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class TableFeedback:
    """True values and labels with the features that were asked with (JSON text), oldest question first. Shapes (n,)."""

    features: Words
    kind: Words
    value: Floats
    label: Words
    at: Floats
    received: Floats
    asked: Floats

    def __len__(self) -> int:
        return len(self.features)


def of_lists(model: RegisteredModel, since: dt.datetime | None, cut: dt.datetime) -> ListFeedback:
    """Received after ``since`` (None: from the log's beginning) and up to ``cut``, on answers of any version."""
    words, numbers = ("user", "item", "kind"), ("value", "at", "received")
    found = _read(_LIST_SQL, model, since, cut, [*words, *numbers], set(words))
    return ListFeedback(**found)


def of_rows(model: RegisteredModel, since: dt.datetime | None, cut: dt.datetime) -> TableFeedback:
    """The same of models on tables."""
    order = ["features", "kind", "value", "label", "at", "received", "asked"]
    return TableFeedback(**_read(_TABLE_SQL, model, since, cut, order, {"features", "kind", "label"}))


def _read(
    statement: str,
    model: RegisteredModel,
    since: dt.datetime | None,
    cut: dt.datetime,
    names: list[str],
    words: set[str],
) -> dict[str, Any]:
    sources = list(Source.objects.filter(model=model).values_list("pk", flat=True))
    begin = since or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        with cursor.copy(statement, {"sources": sources, "since": begin, "cut": cut}) as copy:
            data = b"".join(copy)
    types = {name: pa.string() if name in words else pa.float64() for name in names}
    if not data:
        return {name: np.zeros(0, object if name in words else np.float64) for name in names}
    table = csv.read_csv(
        io.BytesIO(data),
        read_options=csv.ReadOptions(column_names=names, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )
    return {name: np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in names}

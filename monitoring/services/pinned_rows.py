"""A sample of the log's rows of a stretch, for a reference to be made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from monitoring.models import Source
from monitoring.services.window_reads import Period
from monitoring.stats.bins import Kind
from monitoring.summaries import signals
from monitoring.summaries.rows import Rows

MOST = 20_000
"""Predictions that a pinned reference is made of: more than windows have as a rule, for some 40 MiB of memory."""
MOST_FEATURES = 100
MOST_DIFFERENT = 0.5
"""A column of texts of which more than this share are different is a name of rows and no category."""
_COLUMNS = ("user", "history", "fallback", "items", "scores", "value", "label", "confidence", "features")
_SQL = """
SELECT "user", history, fallback, items, scores, value, label, confidence, features
FROM monitoring_prediction
WHERE day >= %(first)s AND day <= %(last)s AND source_id = ANY(%(sources)s) AND at >= %(start)s AND at < %(end)s
  AND error = '' AND (hashtextextended(id::text, 0) & 1048575) < %(share)s
ORDER BY at, id LIMIT %(most)s"""
_COUNT = """
SELECT count(*) FROM monitoring_prediction
WHERE day >= %(first)s AND day <= %(last)s AND source_id = ANY(%(sources)s) AND at >= %(start)s AND at < %(end)s"""
STATEMENT_TIMEOUT = "120s"


def pinned_rows(sources: Sequence[Source], period: Period) -> tuple[Rows, dict[str, Kind]]:
    """(about 20,000 answered predictions at most, drawn by a hash of their ids, in the order of time; the columns of
    features with their kinds). Scans the stretch in the log once or twice."""
    asked: dict[str, Any] = {
        "first": period.start.date(),
        "last": period.end.date(),
        "sources": [source.pk for source in sources],
        "start": period.start,
        "end": period.end,
        "most": 2 * MOST,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute(_COUNT, asked)
        total = int(cursor.fetchone()[0])
        cursor.execute(_SQL, asked | {"share": int(min(1.0, MOST / max(total, 1)) * 1_048_576)})
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        if isinstance(row["features"], str):
            row["features"] = json.loads(row["features"])
    names = sorted({name for row in rows for name in row["features"] or {}})
    found = Rows.of(rows, features=names)
    kinds = {name: kind for name in names if (kind := kind_of(found, name)) is not None}
    return found, dict(list(kinds.items())[:MOST_FEATURES])


def kind_of(rows: Rows, name: str) -> Kind | None:
    """By the type that most values have; None of lists, objects, and of texts that are names or times of rows."""
    texts = rows.features[name]
    types = signals.types_of(texts)
    usual = max(sorted(types), key=lambda one: types[one]) if types else ""
    if usual == "number":
        return "numeric"
    if usual not in ("text", "boolean"):
        return None
    words, _ = signals.feature_words(texts)
    return None if len(words) > MOST_DIFFERENT * sum(words.values()) else "categorical"

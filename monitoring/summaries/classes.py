"""Classifiers: how often each label was answered, and for those with a true label the confusion counts.

``confusion`` is {answered: {true: count}} and ``calibration`` has (answers, right ones, sum of confidence) in ten bins
of confidence. Labels are those of the caller; a window keeps at most 1,000 pairs, the most frequent, ``rest`` counts
the others, and ``n`` and ``right`` count all.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, Floats, add

BINS = 10
MOST_PAIRS = 1000


def of(rows: Rows) -> JSON:
    given = rows.feedback
    fits = np.asarray(pc.equal(given.kind, "label")) & ~rows.listed[given.row] if len(given.row) else np.zeros(0, bool)
    where = given.row[fits]
    if not len(where):
        return {}
    answered, true = rows.label.take(pa.array(where)), given.label.filter(pa.array(fits))
    right = np.asarray(pc.equal(answered, true))
    pairs = pa.table({"answered": answered, "true": true}).group_by(["answered", "true"]).aggregate([([], "count_all")])
    confusion: dict[str, dict[str, int]] = {}
    for row in pairs.to_pylist():
        confusion.setdefault(row["answered"], {})[row["true"]] = row["count_all"]
    counts = {"n": len(where), "right": int(right.sum()), "rest": 0, "confusion": confusion}
    return _bounded(counts | {"calibration": _calibration(rows.confidence[where], right.astype(np.float64))})


def merge(a: JSON, b: JSON) -> JSON:
    return _bounded(add(a, b))


def _calibration(confidence: Floats, right: Floats) -> list[list[float]]:
    known = np.isfinite(confidence)
    place = np.clip((confidence[known] * BINS).astype(np.int64), 0, BINS - 1)
    columns = (None, right[known], confidence[known])
    answers, good, total = (np.bincount(place, weights, BINS) for weights in columns)
    return [[int(x), int(y), float(z)] for x, y, z in zip(answers, good, total, strict=True)]


def _bounded(summary: JSON) -> JSON:
    """Sorted, so that the same rows give the same text, and without the rarest pairs where there are too many."""
    if not summary:
        return summary
    pairs = sorted((-count, one, two) for one, row in summary["confusion"].items() for two, count in row.items())
    confusion: dict[str, dict[str, int]] = {}
    for count, one, two in pairs[:MOST_PAIRS]:
        confusion.setdefault(one, {})[two] = -count
    rest = summary["rest"] - sum(count for count, _, _ in pairs[MOST_PAIRS:])
    return summary | {"confusion": confusion, "rest": rest}

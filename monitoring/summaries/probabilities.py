"""Classifiers that say how sure they are: right and wrong answers by answered label in 200 bins of confidence.

Area under the curve and calibration follow from these counts (monitoring/stats/auc.py), with a bound that the counts
themselves give. At most 50 labels are kept, the most frequent; ``rest`` counts the others and ``n`` all.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.stats.types import Floats as Counts
from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, add, counted

BINS = 200
MOST_LABELS = 50


def of(rows: Rows) -> JSON:
    given = rows.feedback
    if not len(given.row):
        return {}
    fits = np.asarray(pc.equal(given.kind, "label")) & ~rows.listed[given.row]
    fits &= np.isfinite(rows.confidence[given.row])
    where = given.row[fits]
    if not len(where):
        return {}
    answered = rows.label.take(pa.array(where)).dictionary_encode()
    right = np.asarray(pc.equal(answered.dictionary_decode(), given.label.filter(pa.array(fits))), np.bool_)
    places = np.clip((rows.confidence[where] * BINS).astype(np.int64), 0, BINS - 1)
    codes = np.asarray(answered.indices, np.int64)
    labels = {
        label: {
            "right": counted(places[(codes == code) & right]),
            "wrong": counted(places[(codes == code) & ~right]),
        }
        for code, label in enumerate(answered.dictionary.to_pylist())
    }
    return _bounded({"n": len(where), "rest": 0, "labels": labels})


def merge(a: JSON, b: JSON) -> JSON:
    return _bounded(add(a, b))


def by_answer(summary: JSON, label: str) -> tuple[Counts, Counts]:
    """Right and wrong answers of a label by bin of confidence, (200,) each."""
    found = summary["labels"].get(label, {"right": {}, "wrong": {}})
    return _dense(found["right"]), _dense(found["wrong"])


def by_confidence(summary: JSON) -> tuple[Counts, Counts]:
    """Right and wrong answers of all labels that are kept, (200,) each."""
    pairs = [by_answer(summary, label) for label in summary["labels"]]
    return sum((one for one, _ in pairs), np.zeros(BINS)), sum((one for _, one in pairs), np.zeros(BINS))


def by_probability(summary: JSON, positive: str, negative: str) -> tuple[Counts, Counts]:
    """Of two labels: rows whose truth is ``positive``, and the others, by probability of ``positive``, (200,) each.

    A negative answer of confidence c says that the probability is 1 - c, which is the bin on the other side.
    """
    yes_right, yes_wrong = by_answer(summary, positive)
    no_right, no_wrong = by_answer(summary, negative)
    return yes_right + no_wrong[::-1], yes_wrong + no_right[::-1]


def _dense(counts: dict[str, int]) -> Counts:
    out = np.zeros(BINS)
    for place, count in counts.items():
        out[int(place)] = count
    return out


def _bounded(summary: JSON) -> JSON:
    """Sorted, so that the same rows give the same text, and without the rarest labels where there are too many."""
    sizes = {
        label: sum(found["right"].values()) + sum(found["wrong"].values()) for label, found in summary["labels"].items()
    }
    order = sorted(sizes, key=lambda label: (-sizes[label], label))
    kept = {
        label: {
            side: {
                place: summary["labels"][label][side][place]
                for place in sorted(summary["labels"][label][side], key=int)
            }
            for side in ("right", "wrong")
        }
        for label in order[:MOST_LABELS]
    }
    rest = summary["rest"] + sum(sizes[label] for label in order[MOST_LABELS:])
    return {"n": summary["n"], "rest": rest, "labels": kept}

"""Lists that have feedback: how good they were, as sums from which means and their intervals follow.

A list is judged when any item of it, or any item its user reacted to, has feedback. An item is positive when any kind
of feedback on it says so: a rating from ``liked_from`` on, a click or conversion whose value is not 0; a skip never.

precision = positives among the first 10 / items among the first 10 (an item without feedback counts as no hit);
recall = positives among the first 10 / positives known for that list, also those it did not show;
NDCG has binary gain and the log2 discount, its ideal has min(positives known, 10) positives in front
(Järvelin & Kekäläinen 2002; as experiments/learning/metrics/ndcg.py). Lists without a known positive have no recall and
no NDCG: ``with_positive`` counts the others, and ``precision`` and ``hits`` are over all judged lists.

Decisions (D3): tp shown and positive, fp shown and negative, silent shown without a word, fn not shown and positive,
tn not shown and negative. Candidates that nobody spoke of are no countable decisions live; who knows the size of the
catalogue adds them. ``places`` has shown, judged and positive items by place in the list, up to 50.
Segments by history: new users have 0 interactions, or are unknown to the version, so that a fallback answers them;
light ones have 1–19, heavy ones 20 and more.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.summaries.rows import UNSHOWN, Rows
from monitoring.summaries.types import JSON, Bools, Floats, Ints, add

K = 10
PLACES = 50
HEAVY_FROM = 20
SEGMENTS = ("new", "light", "heavy", "unknown")
ON_LISTS = ("rating", "click", "conversion", "skip")


def of(rows: Rows) -> JSON:
    spoken = Spoken.of(rows)
    lists = np.unique(spoken.row)
    if not len(lists):
        return {}
    figures = _figures(rows, spoken)
    segment = _segments(rows)
    out = {
        name: _sums({key: column[chosen] for key, column in figures.items()})
        for place, name in enumerate(SEGMENTS)
        if (chosen := lists[segment[lists] == place]).size
    }
    return {"segments": out, "places": _places(rows, spoken, lists)}


merge = add


def whole(summary: JSON) -> dict[str, float]:
    """The sums over all segments; empty where no list is judged."""
    total: dict[str, float] = {}
    for part in (summary or {}).get("segments", {}).values():
        total = add(total, part)
    return total


class Spoken:
    """Items with feedback, each once a list: place or UNSHOWN, and whether it is positive."""

    def __init__(self, row: Ints, place: Ints, positive: Bools, item: pa.Array) -> None:
        self.row, self.place, self.positive, self.item = row, place, positive, item

    @classmethod
    def of(cls, rows: Rows) -> Spoken:
        given = rows.feedback
        fits = np.asarray(pc.is_in(given.kind, value_set=pa.array(ON_LISTS)), np.bool_) & rows.listed[given.row]
        row, place, value = given.row[fits], given.place[fits], given.value[fits]
        kind = given.kind.filter(pa.array(fits))
        rated, skipped = (np.asarray(pc.equal(kind, word), np.bool_) for word in ("rating", "skip"))
        positive = np.where(rated, value >= rows.liked_from, ~skipped & (value != 0))
        names = given.item.filter(pa.array(fits)).dictionary_encode()
        codes = np.asarray(names.indices, np.int64)
        found, inverse = np.unique(row * (len(names.dictionary) + 1) + codes, return_inverse=True)
        first = np.zeros(len(found), np.int64)
        first[inverse[::-1]] = np.arange(len(row))[::-1]
        chosen = names.take(pa.array(first)).dictionary_decode()
        return cls(row[first], place[first], np.bincount(inverse, positive, len(found)) > 0, chosen)


def _figures(rows: Rows, spoken: Spoken) -> dict[str, npt.NDArray[np.float64]]:
    """By name, a number for each prediction (n,); NaN where it has none."""
    n = len(rows)

    def sums(chosen: Bools, weights: Floats | None = None) -> Floats:
        kept = None if weights is None else weights[chosen]
        return np.bincount(spoken.row[chosen], kept, n).astype(np.float64)

    shown = spoken.place != UNSHOWN
    early = shown & (spoken.place < K) & spoken.positive
    discounts = 1 / np.log2(np.maximum(spoken.place, 0) + 2.0)
    ideals = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(K) + 2.0))])
    hits, known = sums(early), sums(spoken.positive)
    tp, fp = sums(shown & spoken.positive), sums(shown & ~spoken.positive)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "hits": hits,
            "precision": np.where(rows.lengths > 0, hits / np.minimum(rows.lengths, K), 0.0),
            "recall": np.where(known > 0, hits / known, np.nan),
            "ndcg": np.where(known > 0, sums(early, discounts) / ideals[np.minimum(known, K).astype(int)], np.nan),
            "tp": tp,
            "fp": fp,
            "silent": rows.lengths - tp - fp,
            "fn": sums(~shown & spoken.positive),
            "tn": sums(~shown & ~spoken.positive),
        }


def _sums(columns: dict[str, Floats]) -> dict[str, float]:
    """Sums over the lists of a segment; of shares also the sums of squares, and that of precision times recall."""
    out: dict[str, float] = {
        "lists": len(columns["hits"]),
        "with_positive": int(np.isfinite(columns["recall"]).sum()),
        "with_hit": int((columns["hits"] > 0).sum()),
    }
    for name in ("precision", "recall", "ndcg"):
        known = columns[name][np.isfinite(columns[name])]
        out[name], out[f"{name}2"] = math.fsum(known), math.fsum(known**2)
    both = (columns["precision"] * columns["recall"])[np.isfinite(columns["recall"])]
    out["precision_recall"] = math.fsum(both)
    out["precision_with_positive"] = math.fsum(columns["precision"][np.isfinite(columns["recall"])])
    return out | {name: int(columns[name].sum()) for name in ("hits", "tp", "fp", "silent", "fn", "tn")}


def _segments(rows: Rows) -> Ints:
    """Places in SEGMENTS. Whom a fallback answers, as the version never heard of them, is new."""
    history = np.where(np.isnan(rows.history) & rows.fallback, 0.0, rows.history)
    known = np.where(history < 1, 0, np.where(history < HEAVY_FROM, 1, 2))
    return np.where(np.isfinite(history), known, 3).astype(np.int64)


def _places(rows: Rows, spoken: Spoken, lists: Ints) -> dict[str, list[int]]:
    lengths = np.minimum(rows.lengths[lists], PLACES)
    ends = np.bincount(lengths, minlength=PLACES + 1)
    near = (spoken.place != UNSHOWN) & (spoken.place < PLACES)
    last = int(lengths.max())
    return {
        "shown": [int(x) for x in ends[::-1].cumsum()[::-1][1 : last + 1]],
        "judged": [int(x) for x in np.bincount(spoken.place[near], minlength=last)],
        "positive": [int(x) for x in np.bincount(spoken.place[near & spoken.positive], minlength=last)],
    }

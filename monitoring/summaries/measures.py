"""The measures of a window by name. To add one: a file with ``of`` and ``merge``, and its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from monitoring.summaries import (
    candidates,
    classes,
    confidence,
    counts,
    distinct,
    drift,
    judged,
    latency,
    numbers,
    popularity,
    probabilities,
    top,
)
from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, Summary


@dataclass(frozen=True)
class Measure:
    """``of`` sums up rows, ``merge`` two of its own summaries."""

    of: Callable[[Rows], JSON]
    merge: Callable[[JSON, JSON], JSON]


MEASURES: dict[str, Measure] = {
    "counts": Measure(counts.of, counts.merge),
    "latency": Measure(latency.of, latency.merge),
    "confidence": Measure(confidence.of, confidence.merge),
    "users": Measure(distinct.of_users, distinct.merge),
    "items": Measure(distinct.of_items, distinct.merge),
    "top_items": Measure(top.of_items, top.merge),
    "top_users": Measure(top.of_users, top.merge),
    "judged": Measure(judged.of, judged.merge),
    "classes": Measure(classes.of, classes.merge),
    "candidates": Measure(candidates.of, candidates.merge),
    "probabilities": Measure(probabilities.of, probabilities.merge),
    "numbers": Measure(numbers.of, numbers.merge),
    "drift": Measure(drift.of, drift.merge),
    "by_popularity": Measure(popularity.of, popularity.merge),
}
AT_ONCE = {"users": distinct.merged, "items": distinct.merged, "top_items": top.merged, "top_users": top.merged}
"""Sketches that merge many at a time in one go."""


def summarise(rows: Rows) -> Summary:
    return {name: measure.of(rows) for name, measure in MEASURES.items()}


def merge(summaries: Iterable[Summary], only: Sequence[str] | None = None) -> Summary:
    """Of all of them together. A measure that a summary lacks (it was written before there was one) is as of no rows.

    The merged summary of one is the same as of itself merged with nothing, so a day has one form however it came about.
    """
    given = list(summaries)
    out: Summary = {}
    for name in only or MEASURES:
        values = [one[name] for one in given if one.get(name)]
        if name in AT_ONCE:
            out[name] = AT_ONCE[name](values)
        else:
            out[name] = reduce(MEASURES[name].merge, values) if values else {}
    return out

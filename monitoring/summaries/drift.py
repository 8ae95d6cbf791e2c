"""Drift: each signal's counts in the bins of the reference, {key of the reference: {signal: {place of bin: count}}}.

What is counted adds up over windows, exactly. Windows of several references keep them apart, so a check compares like
with like. Beside the signals stand ``_rows`` (predictions that are no failures), ``_types.<column>`` (values of another
type than the reference's), ``_known`` and ``_new`` (sketches of how often users come back, of known and of new ones;
summaries/repeats.py) and ``_named`` (predictions that name their user, known ones and new ones).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.summaries import repeats, signals
from monitoring.summaries.rows import ReferenceContext, Rows
from monitoring.summaries.types import JSON, Ints, add

ROWS, KNOWN, NEW, NAMED, TYPES = "_rows", "_known", "_new", "_named", "_types."


def of(rows: Rows) -> JSON:
    reference = rows.reference
    answered = ~rows.failed
    if reference is None or not answered.any():
        return {}
    found = {name: signals.sparse(counts) for name, counts in _counts(rows, reference)}
    found |= {ROWS: {"0": int(answered.sum())}} | users(rows) | _types(rows, reference)
    return {reference.key: {name: counts for name, counts in found.items() if counts}}


merge = add


def _counts(rows: Rows, reference: ReferenceContext) -> Iterator[tuple[str, Ints]]:
    for name, (_, values) in signals.numbers(rows).items():
        if name in reference.bins:
            yield name, reference.bins[name].count(values)
    _, shown = signals.first_items(rows)
    if len(shown):
        yield from _of_items(signals.counted(shown), reference)
    which = signals.predicted(rows)
    if which.any():
        yield from _of_rows(rows, reference, pa.array(which))


def _of_items(shown: dict[str, int], reference: ReferenceContext) -> Iterator[tuple[str, Ints]]:
    total = sum(shown.values())
    if "exposure" in reference.bins:
        yield "exposure", reference.bins["exposure"].count_tally(shown)
    if "new_items" in reference.bins:
        new = sum(number for item, number in shown.items() if item not in reference.items)
        yield "new_items", np.array([total - new, new, 0], np.int64)
    if "overlap" in reference.bins:
        held = sum(number for item, number in shown.items() if item in reference.favourites)
        yield "overlap", np.array([total - held, held, 0], np.int64)


def _of_rows(rows: Rows, reference: ReferenceContext, which: pa.Array) -> Iterator[tuple[str, Ints]]:
    if "prediction" in reference.bins:
        bins = reference.bins["prediction"]
        if bins.kind == "categorical":
            labels = signals.counted(rows.label.filter(which))
            yield "prediction", bins.count_tally({word: n for word, n in labels.items() if word}, labels.get("", 0))
        else:
            yield "prediction", bins.count(rows.value[np.asarray(which)])
    for column in reference.features:
        bins, name = reference.bins[signals.FEATURE + column], signals.FEATURE + column
        if column not in rows.features:
            continue
        texts = rows.features[column].filter(which)
        if bins.kind == "numeric":
            yield name, bins.count(signals.feature_numbers(texts))
        else:
            yield name, bins.count_tally(*signals.feature_words(texts))


def users(rows: Rows) -> dict[str, dict[str, int]]:
    """Users of known and of new ones apart: a stranger who asks once weighs otherwise than a regular."""
    answered = ~rows.failed
    new = np.where(rows.listed, np.nan_to_num(signals.new_users(rows)) > 0, False)
    named = np.asarray(pc.binary_length(rows.user)) > 0
    regulars, strangers = (rows.user.filter(pa.array(answered & side)) for side in (~new, new))
    sizes = [int((answered & named & side).sum()) for side in (~new, new)]
    return {KNOWN: repeats.sketch(regulars), NEW: repeats.sketch(strangers), NAMED: signals.sparse(sizes)}


def _types(rows: Rows, reference: ReferenceContext) -> dict[str, dict[str, int]]:
    """Of each column {"0": of the reference's type, "1": of another}."""
    which = pa.array(signals.predicted(rows))
    found = {}
    for column, usual in reference.types.items():
        if column in rows.features:
            seen = signals.types_of(rows.features[column].filter(which))
            usual_ones = seen.pop(usual, 0)
            found[TYPES + column] = signals.sparse([usual_ones, sum(seen.values())])
    return found

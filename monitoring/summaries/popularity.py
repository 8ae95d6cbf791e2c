"""Judged lists by the popularity of items in training: head, tail, and items that training did not know.

Head items are the fewest that make up half of the training interactions, as in the offline figures
(experiments/learning/metrics/segments.py). Only windows of versions with a reference have this measure. Of each group:

- ``shown``: places of all lists, ``judged`` and ``positive``: of these with feedback, and with positive feedback;
- ``places``: places among the first 10 of judged lists, ``hits``: of these with positive feedback: precision at 10 of
  the group is hits / places;
- ``wanted``: items with positive feedback, shown or not: recall at 10 of the group is hits / wanted.

A list is judged and an item positive as in ``judged``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.summaries.judged import K, Spoken
from monitoring.summaries.rows import UNSHOWN, ReferenceContext, Rows
from monitoring.summaries.types import JSON, Bools, Ints, add

GROUPS = ("head", "tail", "new")


def of(rows: Rows) -> JSON:
    reference = rows.reference
    if reference is None or not reference.items or not (len(rows.items) or len(rows.feedback.row)):
        return {}
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    place = np.arange(len(row)) - (np.cumsum(rows.lengths) - rows.lengths)[row]
    group = _groups(rows.items, reference)
    spoken = Spoken.of(rows)
    judged = np.zeros(len(rows), np.bool_)
    judged[spoken.row] = True
    about = _groups(spoken.item, reference)
    seen = spoken.place != UNSHOWN
    early = seen & (spoken.place < K) & spoken.positive
    counts = {
        "shown": _by(group, np.ones(len(group), np.bool_)),
        "judged": _by(about, seen),
        "positive": _by(about, seen & spoken.positive),
        "places": _by(group, judged[row] & (place < K)),
        "hits": _by(about, early),
        "wanted": _by(about, spoken.positive),
    }
    return {
        name: {key: int(values[at]) for key, values in counts.items()}
        for at, name in enumerate(GROUPS)
        if any(values[at] for values in counts.values())
    }


merge = add


def _groups(items: pa.Array, reference: ReferenceContext) -> Ints:
    """Places in GROUPS, (n,)."""
    coded = items.dictionary_encode()
    unknown = len(reference.items) + reference.head
    ranks = np.array([reference.items.get(item, unknown) for item in coded.dictionary.to_pylist()], np.int64)
    of_words = np.where(ranks < reference.head, 0, np.where(ranks < unknown, 1, 2)).astype(np.int64)
    return of_words[np.asarray(pc.fill_null(coded.indices, 0), np.int64)] if len(of_words) else np.empty(0, np.int64)


def _by(group: Ints, chosen: Bools) -> Ints:
    return np.bincount(group[chosen], minlength=len(GROUPS))

"""What judged lists were chosen from: how much of the catalogue their users had in the training data.

The catalogue protocol's candidates are the items that are not in the user's training data, so a list of a user with h
of them has N - h candidates, N being the size of the catalogue, which who reads this must know. Users the version never
heard of (a fallback answers them) have none. ``unknown`` lists have no h; they count with 0, so a cost a 1,000
candidates is too low by at most the share of the catalogue that such users know (docs/monitoring.md, Cost).
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.summaries.judged import ON_LISTS
from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, add


def of(rows: Rows) -> JSON:
    given = rows.feedback
    if not len(given.row):
        return {}
    fits = np.asarray(pc.is_in(given.kind, value_set=pa.array(ON_LISTS)), np.bool_) & rows.listed[given.row]
    lists = np.unique(given.row[fits])
    if not len(lists):
        return {}
    history = rows.history[lists]
    given_one = np.isfinite(history)
    unknown = ~given_one & ~rows.fallback[lists]
    return {"lists": len(lists), "history": int(math.fsum(history[given_one])), "unknown": int(unknown.sum())}


merge = add

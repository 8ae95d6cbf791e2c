"""Plain counts of a window: answers, failures, fallbacks, list lengths, feedback by kind."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, add, counted

LONGEST_LIST = 1000
"""Longer lists count as this long."""


def of(rows: Rows) -> JSON:
    kinds = pc.value_counts(rows.feedback.kind)
    lengths = np.minimum(rows.lengths[rows.listed & ~rows.failed], LONGEST_LIST)
    return {
        "n": len(rows),
        "errors": int(rows.failed.sum()),
        "labelled": rows.labelled,
        "fallback": int(rows.fallback.sum()),
        "known_users": int((np.asarray(pc.binary_length(rows.user)) > 0).sum()),
        "lengths": counted(lengths),
        "feedback": dict(sorted(zip(kinds.field(0).to_pylist(), kinds.field(1).to_pylist(), strict=True))),
    }


merge = add

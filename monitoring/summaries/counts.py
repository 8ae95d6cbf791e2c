"""Plain counts of a window: answers, failures, fallbacks, list lengths, feedback by kind and that of new users."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from monitoring.summaries.rows import Rows
from monitoring.summaries.signals import new_users
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
        "labelled_new": _labelled_new(rows),
        "known_users": int((np.asarray(pc.binary_length(rows.user)) > 0).sum()),
        "lengths": counted(lengths),
        "feedback": dict(sorted(zip(kinds.field(0).to_pylist(), kinds.field(1).to_pylist(), strict=True))),
    }


def _labelled_new(rows: Rows) -> int:
    """Predictions with feedback whose user the version learnt nothing of."""
    places = np.unique(rows.feedback.row)
    return int((rows.listed[places] & ~rows.failed[places] & (new_users(rows)[places] > 0)).sum())


merge = add

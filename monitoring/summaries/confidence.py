"""Confidences, 0 to 1, as counts in 200 bins of 0.005, shown in ten. The mean is exact, the median within 0.0025."""

from __future__ import annotations

import numpy as np

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, add, counted

BINS = 200
SHOWN = 10


def of(rows: Rows) -> JSON:
    known = rows.confidence[np.isfinite(rows.confidence)]
    places = np.clip((known * BINS).astype(np.int64), 0, BINS - 1)
    return {"n": len(known), "sum": float(known.sum()), "sum2": float((known**2).sum()), "bins": counted(places)}


merge = add


def mean(summary: JSON) -> float | None:
    return summary["sum"] / summary["n"] if summary and summary["n"] else None


def median(summary: JSON) -> float | None:
    """The middle of the bin in which the median lies."""
    if not summary or not summary["n"]:
        return None
    seen = 0
    for place in sorted(map(int, summary["bins"])):
        seen += summary["bins"][str(place)]
        if 2 * seen >= summary["n"]:
            return (place + 0.5) / BINS
    return None


def histogram(summary: JSON, bins: int = SHOWN) -> list[int]:
    """Counts in ``bins`` equal parts of 0 to 1; 200 must be a multiple of it."""
    counts = [0] * bins
    for place, count in (summary or {"bins": {}})["bins"].items():
        counts[int(place) * bins // BINS] += count
    return counts

"""Long series are thinned before they travel to the page, so that a peak is never lost."""

from __future__ import annotations

from collections.abc import Sequence

from mlopspro.core.formats import as_float

Point = tuple[float, float | None]
MAX_POINTS = 1500


def thin(points: Sequence[Point], limit: int) -> tuple[Sequence[Point], Sequence[int]]:
    """At most ``limit`` points with the first, the last and each bucket's lowest and highest kept.

    Returns:
        The kept points in their order, and their indices in ``points``.

    Raises:
        ValueError: ``limit`` is below 4.
    """
    if limit < 4:
        raise ValueError(f"limit is {limit}; at least 4 points are needed to keep ends, lows and highs.")
    count = len(points)
    if count <= limit:
        return points, range(count)
    buckets = (limit - 2) // 2
    kept = {0, count - 1}
    for bucket in range(buckets):
        start = 1 + bucket * (count - 2) // buckets
        stop = 1 + (bucket + 1) * (count - 2) // buckets
        known = [(y, index) for index in range(start, stop) if (y := as_float(points[index][1])) is not None]
        if known:
            kept.update((min(known)[1], max(known)[1]))
        else:
            kept.add(start)  # a bucket without figures stays a gap
    indices = sorted(kept)
    return [points[index] for index in indices], indices

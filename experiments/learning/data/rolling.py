"""Rolling origin over interactions: several windows of time, each tested by what was known before it began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.splits import Split, latest


@dataclass(frozen=True)
class Window:
    """One fold: ``split`` leaves out what came later; ``start`` and ``end`` are Unix seconds of its first and last
    tested interaction."""

    split: Split
    start: int
    end: int


def rolling_origins(
    interactions: Interactions, *, folds: int, test_share: float, validation_share: float
) -> list[Window]:
    """The newest ``test_share`` of the rows in ``folds`` windows of about as many rows each, oldest first.

    Each window is tested by a model that learns from everything before it (an expanding window; Tashman, International
    Journal of Forecasting 16(4), 2000); the newest ``validation_share`` of that is its validation part. Rows of one
    second are never torn apart.

    Raises:
        DatasetError: there are no times, or too few different ones for that many windows.
    """
    if interactions.timestamp is None:
        raise DatasetError("split method", "the data has no times", value="rolling_origin", accepted="a random split")
    timestamp = interactions.timestamp
    times, counts = np.unique(timestamp, return_counts=True)
    after = np.cumsum(counts[::-1])[::-1]
    goals = [test_share * len(timestamp) * (folds - fold) / folds for fold in range(folds)]
    starts = [int(times[np.argmin(np.abs(after - goal))]) for goal in goals]
    if len(set(starts)) < folds or starts[0] <= times[min(1, len(times) - 1)]:
        raise DatasetError(
            "folds",
            f"do not fit: {len(times):,} different times are too few for windows of {test_share:g} in all",
            value=folds,
            accepted="fewer folds, another test share or more data",
        )
    ends = [*starts[1:], int(times[-1]) + 1]
    return [_window(timestamp, start, end, validation_share) for start, end in zip(starts, ends, strict=True)]


def _window(timestamp: np.ndarray, start: int, end: int, validation_share: float) -> Window:
    train, validation = latest(np.flatnonzero(timestamp < start), timestamp, validation_share)
    test = np.flatnonzero((timestamp >= start) & (timestamp < end))
    return Window(Split(train, validation, test), int(timestamp[test].min()), int(timestamp[test].max()))

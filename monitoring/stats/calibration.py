"""Thresholds from the reference's own ups and downs: what stretches of it differ by is no drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from monitoring.stats.bins import Bins
from monitoring.stats.figures import hypotheses_of

LEAST_CHUNKS = 5
DEVIATIONS = 3.0
LEAST_SAMPLE = 100


def calibrate(
    chunks: Mapping[str, Sequence[npt.ArrayLike]], bins: Mapping[str, Bins], deviations: float = DEVIATIONS
) -> dict[str, dict[str, float]]:
    """{signal: {statistic: effect}} for ``Thresholds.by_signal``, from counts (b,) of stretches of the reference.

    Each chunk is compared with all others together; the threshold is the mean of a statistic plus ``deviations``
    standard deviations, and no less than the greatest seen (as NannyML's, but one-sided and never below what was
    seen). The policy takes the greater of this and the default, so calibration makes no signal more nervous. A
    signal with fewer than 5 chunks of 100 values has no entry.
    """
    found = {name: _of_signal(bins[name], [np.asarray(one, np.int64) for one in given], deviations)
             for name, given in chunks.items()}  # fmt: skip
    return {name: limits for name, limits in found.items() if limits}


def _of_signal(bins: Bins, chunks: list[npt.NDArray[np.int64]], deviations: float) -> dict[str, float]:
    known = [one for one in chunks if bins.compared(one).sum() >= LEAST_SAMPLE]
    if len(known) < LEAST_CHUNKS:
        return {}
    total = np.sum(known, axis=0)
    seen: dict[str, list[float]] = {}
    for chunk in known:
        for test in hypotheses_of(bins, total - chunk, chunk):
            for name, value in test.effects.items():
                seen.setdefault(name, []).append(value)
    return {name: _limit(values, deviations) for name, values in seen.items() if len(values) == len(known)}


def _limit(values: list[float], deviations: float) -> float:
    return max(max(values), float(np.mean(values) + deviations * np.std(values, ddof=1)))

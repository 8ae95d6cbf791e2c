"""One check on drawn signals: the reference is fitted, the window counted, all signals judged together."""

from __future__ import annotations

import numpy as np

from monitoring.stats.profiles import fit
from monitoring.stats.verdicts import Judged, Signal, judge
from monitoring.tests.stats.scenes import KINDS, draw


def check(seed: int, n: int, drift: str = "") -> list[Judged]:
    rng = np.random.default_rng(seed)
    return judge_samples(draw(rng, n), draw(rng, n, drift))


def judge_samples(reference: dict[str, np.ndarray], current: dict[str, np.ndarray]) -> list[Judged]:
    signals = []
    for name, values in reference.items():
        bins, counts = fit(values, KINDS[name])
        signals.append(Signal(name, KINDS[name], counts, bins.count(current[name]), bins))
    return judge(signals, minimum_sample=200)

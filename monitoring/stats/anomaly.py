"""Whether a value is out of the ordinary for its own series: robust z-scores, by season where there is one.

z = (value - median) / s, with s = 1.4826 · MAD, the standard deviation of normal values (Hampel 1974). Outliers of the
past move neither. Where more than half the past is one value, so that MAD is 0, s = 1.2533 · mean absolute deviation
(Iglewicz & Hoaglin 1993). s is at least 1 % of the median, so that a constant series does not cry at the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.stats.types import Floats

LEAST_POINTS = 30
LEAST_SEASONS = 4
"""Full seasons from which on the place in the season counts."""
WATCH_FROM, ACT_FROM = 4.0, 6.0
LEAST_SCALE = 0.01


@dataclass(frozen=True)
class Anomaly:
    """``expected`` with the ordinary range ``low`` to ``high``; ``n`` points of the past were used."""

    value: float
    verdict: Literal["ok", "watch", "act", "not_enough"]
    n: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    z: float | None = None
    seasonal: bool = False


def anomaly(
    history: npt.ArrayLike,
    value: float,
    season: int | None = None,
    *,
    watch_from: float = WATCH_FROM,
    act_from: float = ACT_FROM,
    least_points: int = LEAST_POINTS,
    least_scale: float | None = None,
) -> Anomaly:
    """Of ``value`` after ``history`` (n,), oldest first, evenly spaced, NaN where there was nothing.

    ``season`` is the number of points after which it repeats (24 for hours of a day). With four full seasons the
    expected value is the median at the same place, and s comes from what the past differed from that by.
    ``least_scale`` is the smallest s, in units of the series. Fewer than 30 points, or a value that is not finite,
    is "not_enough".
    """
    past = np.asarray(history, np.float64)
    if past.ndim != 1:
        raise ValueError(f"history: a vector is accepted, got {past.ndim} dimensions.")
    if season is not None and season < 2:
        raise ValueError(f"season: 2 points or more are accepted, got {season}.")
    known = int(np.isfinite(past).sum())
    if known < least_points or not np.isfinite(value):
        return Anomaly(value, "not_enough", known)
    middle, expected, seasonal = _levels(past, season)
    scale = max(_scale(past - middle), LEAST_SCALE * abs(expected) if least_scale is None else least_scale)
    if scale == 0:
        scale = float(np.finfo(np.float64).tiny)
    z = float(np.clip((value - expected) / scale, -1e6, 1e6))
    verdict: Literal["ok", "watch", "act"] = "act" if abs(z) >= act_from else "watch" if abs(z) >= watch_from else "ok"
    reach = watch_from * scale
    return Anomaly(value, verdict, known, expected, expected - reach, expected + reach, z, seasonal)


def _levels(past: Floats, season: int | None) -> tuple[Floats, float, bool]:
    """(level at each point of the past (n,), level expected now, whether by season).

    A level of the past leaves out its own point: a median that contains it would make the past look too quiet.
    """
    whole = float(np.nanmedian(past))
    if season is None or len(past) < LEAST_SEASONS * season:
        return np.full(len(past), whole), whole, False
    levels, expected = np.full(len(past), whole), whole
    for place in range(season):
        points = np.arange(place, len(past), season)
        kept = points[np.isfinite(past[points])]
        if len(kept) < LEAST_SEASONS - 1:
            continue
        for number, point in enumerate(kept):
            levels[point] = np.median(np.delete(past[kept], number))
        if place == len(past) % season:
            expected = float(np.median(past[kept]))
    return levels, expected, True


def _scale(differences: Floats) -> float:
    known = np.abs(differences[np.isfinite(differences)])
    middle = 1.4826 * float(np.median(known))
    return middle if middle > 0 else 1.2533 * float(known.mean())

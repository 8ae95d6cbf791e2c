"""Real interactions as a stream: numbers for names, days for moments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from retraining.drill.stream import Stream

SECONDS_A_DAY = 86_400.0


def stream_of(
    name: str,
    users: npt.ArrayLike,
    items: npt.ArrayLike,
    seconds: npt.ArrayLike,
    liked: npt.ArrayLike,
    *,
    repeats: bool = False,
) -> Stream:
    """From columns (n,) in any order; ``seconds`` since any moment, ``liked`` true or false.

    A day ends when fewest come, as that is when retrainings are planned: a boundary through the evening would tear
    visits in two and credit a daily training with knowing the first half.
    """
    moments = np.asarray(seconds, np.float64)
    if moments.ndim != 1 or not len(moments) or not np.isfinite(moments).all():
        raise ValueError("seconds: a vector of moments is accepted; the drill needs to know when each event was.")
    order = np.argsort(moments, kind="stable")
    user_names, user = np.unique(np.asarray(users), return_inverse=True)
    item_names, item = np.unique(np.asarray(items), return_inverse=True)
    first = quietest(moments) + np.floor((moments.min() - quietest(moments)) / SECONDS_A_DAY) * SECONDS_A_DAY
    days = (moments[order] - first) / SECONDS_A_DAY
    good = np.asarray(liked, bool)[order]
    return Stream(name, user[order], item[order], good, days, len(user_names), len(item_names), repeats)


def quietest(seconds: npt.NDArray[np.float64]) -> float:
    """Seconds into the day at which the hour begins that has, with the one on each side, the fewest events."""
    hours = np.bincount((seconds % SECONDS_A_DAY // 3600).astype(np.int64) % 24, minlength=24)
    return 3600.0 * int(np.argmin(hours + np.roll(hours, 1) + np.roll(hours, -1)))

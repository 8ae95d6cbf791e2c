"""Rating scales that people use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CUSTOMARY = (
    (0.0, 1.0),
    (1.0, 5.0),
    (0.5, 5.0),
    (0.0, 5.0),
    (1.0, 10.0),
    (0.5, 10.0),
    (0.0, 10.0),
    (-10.0, 10.0),
    (0.0, 100.0),
)


def infer_scale(values: NDArray[np.float32]) -> tuple[float, float]:
    """The narrowest customary scale that holds all ratings and is used over at least half its width.

    A sample of 2 to 5 stars is on a scale of 1 to 5. Where no customary scale fits, the lowest and the highest rating
    that occur. Shape of ``values``: (n,), n > 0.
    """
    lowest, highest = float(values.min()), float(values.max())
    for low, high in CUSTOMARY:
        fits = low <= lowest and highest <= high and highest > low + (high - low) / 2
        if fits and not (high == 1.0 and lowest == highest):
            return low, high
    return lowest, highest

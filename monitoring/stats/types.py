"""Types that the statistics share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
JSON = Any


def counts_of(values: npt.ArrayLike, name: str) -> Floats:
    """Counts as floats (b,), so that sums of 10⁹ predictions do not overflow; refused where they are no counts."""
    found = np.asarray(values, np.float64)
    if found.ndim != 1:
        raise ValueError(f"{name}: a vector of counts is accepted, got {found.ndim} dimensions.")
    if not np.isfinite(found).all() or (found < 0).any():
        raise ValueError(f"{name}: counts are finite and at least 0, got {found.min():g} to {found.max():g}.")
    return found


def pair_of(reference: npt.ArrayLike, current: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Two vectors of counts in the same bins, each (b,)."""
    one, two = counts_of(reference, "reference"), counts_of(current, "current")
    if one.shape != two.shape:
        raise ValueError(f"current: {len(one)} bins are accepted as the reference has, got {len(two)}.")
    return one, two

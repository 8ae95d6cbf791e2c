"""What users get of whom training knows nothing: the list of the average user, not an accident of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import IntArray


def with_average_for_others(vectors: NDArray[Any], known: IntArray) -> NDArray[Any]:
    """A copy of ``vectors`` (num_users, d) in which users outside ``known`` have the mean vector of those in it.

    Scores are linear in the vector, so they are ranked as the average known user's mean scores rank items.
    """
    filled = vectors.copy()
    seen = np.zeros(len(vectors), np.bool_)
    seen[known] = True
    if seen.any():
        filled[~seen] = vectors[seen].mean(axis=0)
    return filled

"""Models that answer with a number: sums of error = answered − true, from which bias, MAE and RMSE follow.

``over`` and ``under`` are the sums of too much and too little (positive both), for prices by unit of error (D3);
``fourth`` is the sum of error⁴ (each at most 10²⁹⁰), from which the interval of RMSE follows; ``true`` and ``true2``
are the sums of the true values and their squares.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow.compute as pc

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON, add

LARGEST = 1e150
"""Larger values count as this: their squares would be no numbers any more."""


def of(rows: Rows) -> JSON:
    given = rows.feedback
    fits = np.asarray(pc.equal(given.kind, "value")) & np.isfinite(given.value) & np.isfinite(rows.value[given.row])
    if not fits.any():
        return {}
    true = np.clip(given.value[fits], -LARGEST, LARGEST)
    error = np.clip(rows.value[given.row[fits]], -LARGEST, LARGEST) - true
    return {
        "n": len(error),
        "error": math.fsum(error),
        "absolute": math.fsum(np.abs(error)),
        "squared": math.fsum(error**2),
        "fourth": math.fsum(np.minimum(np.abs(error), 3e72) ** 4),
        "over": math.fsum(error[error > 0]),
        "under": math.fsum(-error[error < 0]),
        "true": math.fsum(true),
        "true2": math.fsum(true**2),
    }


merge = add

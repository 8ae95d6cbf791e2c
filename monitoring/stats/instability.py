"""F1 instability (D5): how much F1 swings from window to window, as its coefficient of variation.

It measures the variance of performance, not a change of the data; a steady decline raises it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

THRESHOLD = 0.30
LEAST_WINDOWS = 5
ALPHA = 0.05


@dataclass(frozen=True)
class Instability:
    """``cv`` = sd / mean over n windows, sd with n - 1. None where it does not exist: fewer than two, or a mean of 0.

    ``p_value``: how probable so great a cv is if the true one is at the threshold, F1 of windows being normal.
    ``noise_p_value``: how probable such swings are if F1 never changed and each window only erred by its own
    standard error; None where none were given.
    """

    n: int
    mean: float | None
    sd: float | None
    cv: float | None
    low: float | None
    high: float | None
    p_value: float | None
    noise_p_value: float | None
    verdict: Literal["ok", "watch", "act", "not_enough"]


def instability(
    f1s: npt.ArrayLike,
    standard_errors: Sequence[float] | None = None,
    threshold: float = THRESHOLD,
    least_windows: int = LEAST_WINDOWS,
) -> Instability:
    """Of F1 of the last windows (n,), those without one (NaN) left out; with each window's standard error if known.

    "watch" when cv exceeds the threshold and is more than the windows' own noise; "act" when besides its interval of
    95 % (McKay's, as modified by Vangel 1996) lies above the threshold. Fewer than 5 windows judge nothing.
    """
    given = np.asarray(f1s, np.float64)
    if given.ndim != 1 or ((given < 0) | (given > 1)).any():
        raise ValueError("f1s: a vector of numbers from 0 to 1 is accepted; NaN where a window has none.")
    kept = np.isfinite(given)
    errors = None if standard_errors is None else np.asarray(standard_errors, np.float64)
    if errors is not None and errors.shape != given.shape:
        raise ValueError(f"standard_errors: {len(given)} of them are accepted, one a window, got {errors.shape}.")
    values = given[kept]
    n = len(values)
    if not n:
        return Instability(0, None, None, None, None, None, None, None, "not_enough")
    mean = float(values.mean())
    if n < 2 or mean == 0:
        return Instability(n, mean, None if n < 2 else 0.0, None, None, None, None, None, "not_enough")
    sd = float(values.std(ddof=1))
    cv = sd / mean
    low, high = interval_of_cv(cv, n)
    p_value = _p_value(cv, n, threshold)
    noise = None if errors is None else _noise(values, errors[kept])
    verdict: Literal["ok", "watch", "act", "not_enough"] = "ok"
    if n < least_windows:
        verdict = "not_enough"
    elif cv > threshold and (noise is None or noise < ALPHA):
        verdict = "act" if low > threshold else "watch"
    return Instability(n, mean, sd, cv, low, high, p_value, noise, verdict)


def interval_of_cv(cv: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Vangel (1996), The American Statistician 50(1), for normal values; made for cv below about 0.33.

    Beyond its reach the upper end is infinite, as the values cannot exclude a mean of 0.
    """
    dof, share = n - 1, (1 - level) / 2
    ends = []
    for u in (stats.chi2.ppf(1 - share, dof), stats.chi2.ppf(share, dof)):
        inner = ((u + 2) / n - 1) * cv**2 + u / dof
        ends.append(cv / math.sqrt(inner) if inner > 0 else math.inf)
    return ends[0], ends[1]


def _p_value(cv: float, n: int, threshold: float) -> float:
    """√n / cv is Student's t of the mean: noncentral with √n / threshold where the true cv is the threshold."""
    if cv == 0:
        return 1.0
    return float(stats.nct.cdf(math.sqrt(n) / cv, n - 1, math.sqrt(n) / threshold))


def _noise(values: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]) -> float | None:
    """Cochran's Q, χ²(n - 1) if only noise moves F1. None unless every window has a standard error above 0."""
    if not (np.isfinite(errors) & (errors > 0)).all():
        return None
    weights = errors**-2.0
    middle = (weights * values).sum() / weights.sum()
    return float(stats.chi2.sf((weights * (values - middle) ** 2).sum(), len(values) - 1))

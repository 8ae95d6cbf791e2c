"""Effect sizes: how far two samples lie apart, whatever their sizes. What is exact and what is bounded is said here.

On counts (two vectors over the same bins): ``psi``, ``jensen_shannon``, ``total_variation``. On raw values: ``ks`` and
``wasserstein``, which equal SciPy's. On counts of ordered bins: ``ks_binned`` and ``wasserstein_binned``, each with the
most by which it can differ from the value on raw data. NaN means that one of the samples is empty.

``psi_excess`` and ``jensen_shannon_excess`` subtract what two samples of one distribution show by chance, which for
many bins and small samples is more than any threshold: (b - 1)(1/n + 1/m), and an eighth of that for the divergence.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from monitoring.stats.types import Floats, pair_of

FLOOR = 1e-4
"""Share that PSI gives to an empty bin, as Evidently does; without it one empty bin would make it infinite."""


def psi(reference: npt.ArrayLike, current: npt.ArrayLike, floor: float = FLOOR) -> float:
    """Population stability index, Σ (q - p) ln(q / p) over shares of at least ``floor``. Counts (b,) each.

    Siddiqi, Credit Risk Scorecards (2006); the symmetric Kullback–Leibler divergence of Jeffreys. 0 is equal.
    """
    one, two = pair_of(reference, current)
    if not one.sum() or not two.sum():
        return math.nan
    p, q = np.maximum(one / one.sum(), floor), np.maximum(two / two.sum(), floor)
    return float(((q - p) * np.log(q / p)).sum())


def psi_excess(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """PSI less its expectation without drift (Yurdakul 2018), at least 0."""
    one, two = pair_of(reference, current)
    return max(0.0, psi(one, two) - _chance(one, two)) if one.sum() and two.sum() else math.nan


def jensen_shannon(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """Jensen–Shannon distance, 0 to 1: the root of the divergence in bits, as SciPy's with ``base=2``. Counts (b,)."""
    one, two = pair_of(reference, current)
    return math.sqrt(_divergence(one, two)) if one.sum() and two.sum() else math.nan


def jensen_shannon_excess(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """The distance with the divergence's expectation without drift taken off, at least 0."""
    one, two = pair_of(reference, current)
    if not one.sum() or not two.sum():
        return math.nan
    return math.sqrt(max(0.0, _divergence(one, two) - _chance(one, two) / (8 * math.log(2))))


def total_variation(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """½ Σ |q - p|, 0 to 1: the share of predictions that would have to change bin. Counts (b,) each."""
    one, two = pair_of(reference, current)
    if not one.sum() or not two.sum():
        return math.nan
    return float(np.abs(one / one.sum() - two / two.sum()).sum() / 2)


def ks(reference: npt.ArrayLike, current: npt.ArrayLike, *, is_sorted: bool = False) -> float:
    """Kolmogorov–Smirnov distance max |F - G| of raw values (n,) and (m,), exact. NaN is refused, infinity has a place.

    ``is_sorted`` spares the sorting. Equals ``scipy.stats.ks_2samp``.
    """
    one, two = _raw(reference, "reference", is_sorted), _raw(current, "current", is_sorted)
    if not len(one) or not len(two):
        return math.nan
    everywhere = np.concatenate([one, two])
    f = np.searchsorted(one, everywhere, "right") / len(one)
    g = np.searchsorted(two, everywhere, "right") / len(two)
    return float(np.abs(f - g).max())


def ks_binned(reference: npt.ArrayLike, current: npt.ArrayLike) -> tuple[float, float]:
    """(statistic, bound) from counts of ordered bins (b,): the raw distance lies in [statistic, statistic + bound].

    Both distribution functions are known at the edges. Between two of them each may take its rise at once while the
    other takes none, which is what the bound allows.
    """
    one, two = pair_of(reference, current)
    if not one.sum() or not two.sum():
        return math.nan, math.nan
    f, g = (np.concatenate([[0.0], counts.cumsum()]) / counts.sum() for counts in (one, two))
    statistic = float(np.abs(f - g).max())
    highest = max(float((f[1:] - g[:-1]).max()), float((g[1:] - f[:-1]).max()))
    return statistic, max(0.0, highest - statistic)


def wasserstein(reference: npt.ArrayLike, current: npt.ArrayLike, *, normalised: bool = True) -> float:
    """First Wasserstein distance ∫ |F - G| of raw finite values (n,) and (m,), exact as SciPy's.

    ``normalised`` divides by the standard deviation of the reference (of all its values, ddof 0). A reference whose
    values are all equal has none: the distance is then 0 for equal samples and infinite for others.
    """
    one, two = _raw(reference, "reference", False), _raw(current, "current", False)
    if not len(one) or not len(two):
        return math.nan
    if not np.isfinite(one[[0, -1]]).all() or not np.isfinite(two[[0, -1]]).all():
        raise ValueError("reference, current: finite values are accepted, got infinity; count it apart.")
    everywhere = np.sort(np.concatenate([one, two]))
    f = np.searchsorted(one, everywhere[:-1], "right") / len(one)
    g = np.searchsorted(two, everywhere[:-1], "right") / len(two)
    distance = float((np.abs(f - g) * np.diff(everywhere)).sum())
    return _over(distance, float(one.std())) if normalised else distance


def wasserstein_binned(
    edges: npt.ArrayLike, reference: npt.ArrayLike, current: npt.ArrayLike, scale: float = 1.0
) -> tuple[float, float]:
    """(distance, bound) from counts (b,) of the bins between finite ``edges`` (b + 1,), both over ``scale``.

    Values count as spread evenly in their bin. Within a bin of width w a monotone function differs from its chord by
    at most half of w times its rise in area, so the raw distance lies within ± bound = Σ w (p + q) / 2. That holds
    for values between the edges; a caller who counts outliers at the ends understates how far they are.
    """
    one, two = pair_of(reference, current)
    at = np.asarray(edges, np.float64)
    if at.shape != (len(one) + 1,):
        raise ValueError(f"edges: {len(one) + 1} of them are accepted, one more than bins, got {at.shape}.")
    if not one.sum() or not two.sum():
        return math.nan, math.nan
    p, q, width = one / one.sum(), two / two.sum(), np.diff(at)
    gap = np.concatenate([[0.0], (p - q).cumsum()])
    distance = float((width * _mean_of_absolute(gap[:-1], gap[1:])).sum())
    return _over(distance, scale), _over(float((width * (p + q)).sum() / 2), scale)


def _mean_of_absolute(left: Floats, right: Floats) -> Floats:
    """Mean of |x| along the line from left to right: with a change of sign, two triangles."""
    size = np.abs(left) + np.abs(right)
    crossed = (left * right < 0) & (size > 0)
    halves = np.divide(left**2 + right**2, size, out=np.zeros_like(size), where=crossed)
    return np.asarray(np.where(crossed, halves, size) / 2)


def _divergence(one: Floats, two: Floats) -> float:
    """Jensen–Shannon divergence in bits (Lin 1991)."""
    p, q = one / one.sum(), two / two.sum()
    middle = (p + q) / 2
    parts = [x[x > 0] * np.log2(x[x > 0] / middle[x > 0]) for x in (p, q)]
    return max(0.0, float(parts[0].sum() + parts[1].sum()) / 2)


def _chance(one: Floats, two: Floats) -> float:
    """Expected PSI of two samples of one distribution: each is χ²(b - 1) over its size."""
    used = int(((one + two) > 0).sum())
    return float((used - 1) * (1 / one.sum() + 1 / two.sum()))


def _over(distance: float, scale: float) -> float:
    if scale > 0:
        return distance / scale
    return 0.0 if distance == 0 else math.inf


def _raw(values: npt.ArrayLike, name: str, is_sorted: bool) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1:
        raise ValueError(f"{name}: a vector of values is accepted, got {found.ndim} dimensions.")
    found = found if is_sorted else np.sort(found)
    if len(found) and np.isnan(found[-1]):
        raise ValueError(f"{name}: values that are numbers are accepted, got NaN; count it apart.")
    return found

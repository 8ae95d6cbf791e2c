"""Whether a difference can be chance: two-sample tests throughout, and Benjamini–Hochberg over all of a check.

A one-sample test takes the reference for exact and flags an unmoved column of 200 values nearly every time; each test
here knows that both samples have noise. ``design_effect`` says how many predictions stand for one independent one
(1 where they are independent): sizes are divided by it (Rao & Scott 1981, first order).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from monitoring.stats.types import Floats, pair_of

LEAST_EXPECTED = 5.0
"""Below this many expected predictions a bin is pooled with other rare ones (Cochran 1954)."""


class ChiSquare(NamedTuple):
    statistic: float
    p_value: float
    dof: int


def ks_p_value(statistic: float, n: float, m: float, design_effect: float = 1.0) -> float:
    """Two-sided p-value of a Kolmogorov–Smirnov distance between samples of sizes n and m.

    The limit in SciPy's form: the one-sample distribution at the effective size nm / (n + m), rounded; equal to
    ``ks_2samp(method="asymp")``. For tied or binned values it is conservative. Sizes below 1 give 1.
    """
    size = n * m / (n + m) / design_effect if n > 0 and m > 0 else 0.0
    if not math.isfinite(statistic) or round(size) < 1:
        return 1.0
    return float(np.clip(stats.kstwo.sf(statistic, np.round(size)), 0.0, 1.0))


def chi_square(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    least_expected: float = LEAST_EXPECTED,
    design_effect: float = 1.0,
) -> ChiSquare:
    """Pearson's two-sample test of homogeneity on counts of the same bins, (b,) each.

    Bins with less than ``least_expected`` in the smaller sample are pooled first; with 0 nothing is, and the result is
    that of ``scipy.stats.chi2_contingency(correction=False)``. Fewer than two bins say nothing: (0, 1, 0).
    """
    one, two = pooled(*pair_of(reference, current), least_expected)
    both = one + two
    if len(both) < 2 or not one.sum() or not two.sum():
        return ChiSquare(0.0, 1.0, 0)
    total = both.sum()
    expected = both * one.sum() / total, both * two.sum() / total
    statistic = sum(float(((x - e) ** 2 / e).sum()) for x, e in zip((one, two), expected, strict=True)) / design_effect
    dof = len(both) - 1
    return ChiSquare(statistic, float(stats.chi2.sf(statistic, dof)), dof)


def pooled(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    least_expected: float = LEAST_EXPECTED,
    unseen: int | None = None,
) -> tuple[Floats, Floats]:
    """Both vectors without empty bins and with rare ones summed up at the end; (c,) each, c ≤ b.

    Rare is decided on both samples together, so that without drift neither is favoured. ``unseen`` is the place of
    the bin for values that the reference does not know. It always joins the rare ones: of the rare values some occur
    in one sample only, those of the reference have bins and those of the window are unseen, and only together are they
    alike. A pool that is still rare joins the rarest bin beside it.
    """
    one, two = pair_of(reference, current)
    both = one + two
    kept = both > 0
    if least_expected <= 0 or not one.sum() or not two.sum():
        return one[kept], two[kept]
    smaller_share = min(one.sum(), two.sum()) / both.sum()
    common = both * smaller_share >= least_expected
    if unseen is not None:
        common[unseen] = False
    rest = kept & ~common
    if rest.any() and common.any() and both[rest].sum() * smaller_share < least_expected:
        places = np.flatnonzero(common)
        joined = places[np.argmin(both[places])]
        common[joined], rest[joined] = False, True
    if not rest.any():
        return one[common], two[common]
    return np.append(one[common], one[rest].sum()), np.append(two[common], two[rest].sum())


def share_p_value(reference: int, n: int, current: int, m: int, design_effect: float = 1.0) -> float:
    """Two-sided p-value for ``reference`` of n against ``current`` of m: chi-square, Fisher's exact where rare."""
    if n <= 0 or m <= 0:
        return 1.0
    table = np.array([[reference, n - reference], [current, m - current]])
    share = (reference + current) / (n + m)
    if min(share, 1 - share) * min(n, m) >= LEAST_EXPECTED or design_effect > 1:
        return chi_square([reference, n - reference], [current, m - current], 0.0, design_effect).p_value
    return float(stats.fisher_exact(table)[1])


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values (k,) in the order given: reject those ≤ α, and of the rejections at most α are expected false.

    Benjamini & Hochberg (1995). Without drift anywhere it rejects anything with probability α at most (Simes 1986).
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p_values: a vector of numbers from 0 to 1 is accepted, got {p.tolist()}.")
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return adjusted

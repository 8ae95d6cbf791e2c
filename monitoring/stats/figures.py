"""All statistics of one signal between two vectors of counts, each with the test that guards it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.stats import effects
from monitoring.stats.bins import Bins
from monitoring.stats.significance import chi_square, ks_p_value, pooled, share_p_value
from monitoring.stats.thresholds import LEAST_DIFFERENCE
from monitoring.stats.types import Floats, Ints

GROUPS = 10
"""Bins in which PSI, Jensen–Shannon and chi-square compare numbers, as is usual: deciles of both samples together."""


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis on one signal: ``values`` (their distribution), ``missing`` or ``infinite`` (their share)."""

    name: str
    p_value: float
    effects: dict[str, float]
    bounds: dict[str, float]
    """By statistic, the most by which the value on raw data can differ."""
    reference_size: int
    current_size: int


def hypotheses_of(bins: Bins, reference: Ints, current: Ints, design_effect: float = 1.0) -> list[Hypothesis]:
    """Of counts (b,) each. A test of missing or infinite values only where there are any."""
    one, two = bins.compared(reference), bins.compared(current)
    n, m = int(reference.sum()), int(current.sum())
    out = [_of_values(bins, one, two, design_effect)]
    for name, apart in (("missing", bins.missing), ("infinite", bins.infinite)):
        there, here = apart(reference), apart(current)
        if (there or here) and n and m:
            p = share_p_value(there, n, here, m, design_effect)
            out.append(Hypothesis(name, p, {f"{name}_share": abs(here / m - there / n)}, {}, n, m))
    return out


def _of_values(bins: Bins, one: Ints, two: Ints, design_effect: float) -> Hypothesis:
    sizes = int(one.sum()), int(two.sum())
    if not all(sizes):
        return Hypothesis("values", 1.0, {}, {}, *sizes)
    if bins.kind == "share":
        return Hypothesis("values", *_of_share(one, two, design_effect), {}, *sizes)
    if bins.kind == "numeric":
        return _of_numbers(bins, one, two, design_effect)
    if bins.kind == "popularity":
        return _of_popularity(one, two, design_effect)
    few = pooled(one, two, unseen=len(one) - 1)
    p = chi_square(*few, 0.0, design_effect).p_value
    return Hypothesis("values", p, _of_bins(*few), {}, *sizes)


def _of_share(one: Ints, two: Ints, design_effect: float) -> tuple[float, dict[str, float]]:
    """p and the effects: difference of the shares, and the greater over the smaller (half an event added to each)."""
    n, m = int(one.sum()), int(two.sum())
    p, q = int(one[1]) / n, int(two[1]) / m
    smoothed = (int(one[1]) + 0.5) / (n + 1), (int(two[1]) + 0.5) / (m + 1)
    difference = abs(q - p)
    ratio = max(smoothed) / min(smoothed) if difference >= LEAST_DIFFERENCE else 1.0
    return share_p_value(int(one[1]), n, int(two[1]), m, design_effect), {"difference": difference, "ratio": ratio}


def _of_numbers(bins: Bins, one: Ints, two: Ints, design_effect: float) -> Hypothesis:
    """The p-value is that of the better of KS and chi-square, doubled: one sees means, the other also spread."""
    n, m = int(one.sum()), int(two.sum())
    statistic, bound = effects.ks_binned(one, two)
    found, bounds = {"ks": statistic}, {"ks": bound}
    if len(bins.edges) > 1 and bins.scale > 0:
        distance, most = effects.wasserstein_binned(bins.edges, _folded(one), _folded(two), bins.scale)
        found["wasserstein"], bounds["wasserstein"] = distance, most
    few = pooled(*grouped(one, two))
    p = 2 * min(ks_p_value(statistic, n, m, design_effect), chi_square(*few, 0.0, design_effect).p_value)
    return Hypothesis("values", min(1.0, p), found | _of_bins(*few), bounds, n, m)


def _of_popularity(one: Ints, two: Ints, design_effect: float) -> Hypothesis:
    """Groups have an order, from head to tail with the unseen last, so KS sees traffic that moves along it.

    The unseen need no pooling: reference counts come from rows that did not rank (profiles.py), so by chance they are
    as many there. The p-value is that of the better of KS and chi-square, doubled.
    """
    n, m = int(one.sum()), int(two.sum())
    statistic, _ = effects.ks_binned(one, two)
    few = pooled(one, two)
    p = 2 * min(ks_p_value(statistic, n, m, design_effect), chi_square(*few, 0.0, design_effect).p_value)
    return Hypothesis("values", min(1.0, p), {"ks": statistic} | _of_bins(*few), {}, n, m)


def _of_bins(one: Floats, two: Floats) -> dict[str, float]:
    found = {
        "psi": effects.psi_excess(one, two),
        "jensen_shannon": effects.jensen_shannon_excess(one, two),
        "total_variation": effects.total_variation(one, two),
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}


def grouped(one: Ints, two: Ints) -> tuple[Floats, Floats]:
    """Neighbouring bins summed up to about a tenth of both samples each; the samples are treated alike."""
    shares = (one / one.sum() + two / two.sum()) / 2
    places = np.minimum(((shares.cumsum() - shares / 2) * GROUPS).astype(np.int64), GROUPS - 1)
    first, second = np.zeros(GROUPS), np.zeros(GROUPS)
    np.add.at(first, places, one)
    np.add.at(second, places, two)
    return first, second


def _folded(counts: Ints) -> Ints:
    """Values outside the reference's range count in its outermost bins."""
    inner = counts[1:-1].copy()
    inner[0] += counts[0]
    inner[-1] += counts[-1]
    return inner

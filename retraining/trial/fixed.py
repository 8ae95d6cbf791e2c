"""Tests that are read once, when the planned number of users has come. Read earlier or again, they find too much.

Means and ratios: Welch's t from sums, the variance of a ratio by the delta method over users (Deng, Knoblich & Lu,
KDD 2018). Shares of users: chi-square, Fisher's exact where rare; interval by Newcombe (1998, method 10). Several
variants: p-values by Holm (1979); intervals at 1 − α / k, so that all of them hold together (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scipy import stats

from monitoring.stats.intervals import wilson
from monitoring.stats.significance import share_p_value
from retraining.records import between
from retraining.trial.difference import Difference, unknown
from retraining.trial.sums import Kind, Sums

ALPHA = 0.05


def compare(
    control: Sums, variants: Mapping[str, Sums], kind: Kind = "mean", alpha: float = ALPHA
) -> dict[str, Difference]:
    """Each variant against the control, adjusted for their number."""
    between("alpha", alpha, 0, 0.5, above=True)
    level = 1 - alpha / max(1, len(variants))
    test = shares if kind == "share" and all(_of_users(one) for one in (control, *variants.values())) else welch
    found = {name: test(control, one, level) for name, one in variants.items()}
    told = [name for name, one in found.items() if one.p_value is not None]
    adjusted = holm([found[name].p_value or 0.0 for name in told], len(variants))
    return found | {name: replace(found[name], p_value=p) for name, p in zip(told, adjusted, strict=True)}


def welch(control: Sums, variant: Sums, level: float = 1 - ALPHA) -> Difference:
    """Means or ratios with unlike variances; degrees of freedom by Welch and Satterthwaite."""
    one, two = control.variance(), variant.variance()
    both = one + two
    if not math.isfinite(both) or both == 0:
        return unknown(control.value, variant.value, level)
    dof = both**2 / (one**2 / (control.n - 1) + two**2 / (variant.n - 1))
    value, error = variant.value - control.value, math.sqrt(both)
    half = float(stats.t.ppf((1 + level) / 2, dof)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, dof))
    return Difference(control.value, variant.value, value, value - half, value + half, p_value, level)


def shares(control: Sums, variant: Sums, level: float = 1 - ALPHA) -> Difference:
    """Of users who did something: x of n in each arm."""
    if not control.n or not variant.n:
        return unknown(control.value, variant.value, level)
    one, two = wilson(control.x, control.n, level), wilson(variant.x, variant.n, level)
    value = two.value - one.value
    low = value - math.hypot(two.value - two.low, one.high - one.value)
    high = value + math.hypot(two.high - two.value, one.value - one.low)
    p_value = share_p_value(round(control.x), control.n, round(variant.x), variant.n)
    return Difference(one.value, two.value, value, low, high, p_value, level)


def holm(p_values: Sequence[float], tests: int | None = None) -> list[float]:
    """Adjusted p-values in the order given: rejecting those ≤ α finds anything falsely with probability α at most.

    ``tests``: of how many they are the known ones, if not all.
    """
    adjusted, greatest = [0.0] * len(p_values), 0.0
    many = len(p_values) if tests is None else tests
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        greatest = max(greatest, min(1.0, (many - rank) * p_values[place]))
        adjusted[place] = greatest
    return adjusted


def _of_users(sums: Sums) -> bool:
    """Each user is one yes or no, so that events need no clustering."""
    return sums.y == sums.n and sums.xx == sums.x

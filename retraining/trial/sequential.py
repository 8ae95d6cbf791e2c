"""Tests that may be read after every user: intervals that hold at all times at once, and p-values to match.

The normal mixture: with t users' worth of information, z = difference / standard error, and a mixing precision ρ that
is fixed beforehand,

    e = √(ρ / (t + ρ)) · exp(z² / 2 · t / (t + ρ)),    always-valid p = min(1, 1 / e),
    interval = difference ± √((t + ρ) / t · ln((t + ρ) / (ρ α²))) · standard error

(Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 2021, eq. 14; as an A/B test Johari, Koomen,
Pekelis & Walsh, KDD 2017). The variance is the sample's own, which makes it valid in the limit (Waudby-Smith et al.
2024), so nothing is said below LEAST_USERS in an arm. Several variants: α / k each (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from scipy.special import lambertw

from retraining.records import between
from retraining.trial.difference import Difference, unknown
from retraining.trial.sums import Kind, Sums

ALPHA = 0.05
LEAST_USERS = 100
"""In each arm."""
PLANNED_USERS = 10_000
"""Where nobody has planned: the interval is tightest here, and valid everywhere."""


def compare(
    control: Sums,
    variants: Mapping[str, Sums],
    kind: Kind = "mean",
    alpha: float = ALPHA,
    planned_users: int = PLANNED_USERS,
) -> dict[str, Difference]:
    """Each variant against the control at any time. ``planned_users``: of all arms together, fixed beforehand."""
    between("alpha", alpha, 0, 0.5, above=True)
    between("planned_users", planned_users, 2)
    many = max(1, len(variants))
    rho = precision(planned_users / (many + 1) / 2, alpha / many)
    return {name: _compared(control, one, kind, alpha, many, rho) for name, one in variants.items()}


def _compared(control: Sums, variant: Sums, kind: Kind, alpha: float, many: int, rho: float) -> Difference:
    level = 1 - alpha / many
    error = math.sqrt(control.variance(kind) + variant.variance(kind))
    if min(control.n, variant.n) < LEAST_USERS or not math.isfinite(error) or error == 0:
        return unknown(control.value, variant.value, level)
    t = information(control.n, variant.n)
    value = variant.value - control.value
    half = multiplier(t, rho, alpha / many) * error
    p_value = min(1.0, many * always_valid_p(value / error, t, rho))
    return Difference(control.value, variant.value, value, value - half, value + half, p_value, level)


def information(n: float, m: float) -> float:
    """Of a difference between arms of n and m users, in users of one arm against a known control: nm / (n + m)."""
    return n * m / (n + m)


def multiplier(t: float, rho: float, alpha: float) -> float:
    """How many standard errors wide the interval is to each side; 1.96 of the ordinary one at α = 0.05."""
    return math.sqrt((t + rho) / t * math.log((t + rho) / (rho * alpha**2)))


def always_valid_p(z: float, t: float, rho: float) -> float:
    log_e = 0.5 * math.log(rho / (t + rho)) + 0.5 * z**2 * t / (t + rho)
    return math.exp(-max(0.0, log_e))


@cache
def precision(t: float, alpha: float) -> float:
    """The ρ that makes the interval tightest at information ``t`` (Howard et al. 2021, section 3.6)."""
    return t / (-float(lambertw(-(alpha**2) / math.e, -1).real) - 1)

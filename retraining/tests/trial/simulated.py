"""Trials in which nothing differs, or something does, looked at after every user. Tests and benchmarks share them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from retraining.trial.sequential import LEAST_USERS, information, multiplier, precision

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, float], tuple[Floats, Floats]]
"""(rng, users, lift) → x, y of each user."""


def conversions(rng: np.random.Generator, n: int, lift: float = 0.0) -> tuple[Floats, Floats]:
    """One user in ten does it."""
    return (rng.random(n) < 0.1 * (1 + lift)).astype(float), np.ones(n)


def ndcg(rng: np.random.Generator, n: int, lift: float = 0.0) -> tuple[Floats, Floats]:
    """Half of the users have 0, the others anything up to 1."""
    return np.where(rng.random(n) < 0.5 * (1 + lift), rng.beta(2, 3, n), 0.0), np.ones(n)


def clicks_a_list(rng: np.random.Generator, n: int, lift: float = 0.0) -> tuple[Floats, Floats]:
    """Users come 1, 2, … times, the fond ones more often, and each has a rate of clicks of his own."""
    own = rng.beta(2, 6, n)
    lists = 1 + rng.poisson(4 * own)
    return rng.binomial(lists, np.minimum(1.0, own * (1 + lift))).astype(float), lists.astype(float)


DRAWS: dict[str, Draw] = {"conversions": conversions, "ndcg": ndcg, "clicks a list": clicks_a_list}


def watched(rng: np.random.Generator, draw: Draw, users: int, lift: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """|z| and information after every user from LEAST_USERS in each arm on, and how many users there were."""
    arm = rng.random(users) < 0.5
    x, y = draw(rng, users, 0.0)
    changed_x, changed_y = draw(rng, users, lift)
    x, y = np.where(arm, changed_x, x), np.where(arm, changed_y, y)
    n, value, variance = [], [], []
    for mine in (~arm, arm):
        count = np.cumsum(mine)
        sums = [np.cumsum(part * mine) for part in (x, y, x * x, y * y, x * y)]
        with np.errstate(all="ignore"):
            ratio = sums[0] / sums[1]
            squares = sums[2] - 2 * ratio * sums[4] + ratio**2 * sums[3]
            variance.append(squares * count / (count - 1) / sums[1] ** 2)
        n.append(count)
        value.append(ratio)
    kept = np.minimum(*n) >= LEAST_USERS
    with np.errstate(all="ignore"):
        z = np.abs(value[1] - value[0]) / np.sqrt(variance[0] + variance[1])
    t = np.array([information(a, b) for a, b in zip(n[0][kept], n[1][kept], strict=True)])
    return np.nan_to_num(z[kept]), t, np.flatnonzero(kept) + 1


def bounds(t: Floats, planned: int, alpha: float = 0.05) -> Floats:
    """How great |z| has to be after each user."""
    rho = precision(planned / 4, alpha)
    return np.array([multiplier(one, rho, alpha) for one in t])


def found(draw: Draw, users: int, repetitions: int, lift: float = 0.0, first_seed: int = 0) -> dict[str, list[float]]:
    """For each trial: whether the always-valid test, the fixed one at the end, and the fixed one read after every user
    found a difference, and after how many users the first did (``users`` if never)."""
    out: dict[str, list[float]] = {"sequential": [], "fixed": [], "fixed, peeking": [], "users": []}
    usual = float(stats.norm.ppf(0.975))
    for seed in range(first_seed, first_seed + repetitions):
        z, t, counts = watched(np.random.default_rng(seed), draw, users, lift)
        over = z > bounds_cached(t, users)
        out["sequential"].append(float(over.any()))
        out["fixed"].append(float(z[-1] > usual))
        out["fixed, peeking"].append(float((z > usual).any()))
        out["users"].append(float(counts[np.argmax(over)]) if over.any() else float(users))
    return out


def bounds_cached(t: Floats, planned: int) -> Floats:
    """Interpolated on a fine grid: the bound is smooth in ln t."""
    grid = np.geomspace(max(1.0, t.min() * 0.99), t.max() * 1.01, 400)
    return np.interp(np.log(t), np.log(grid), bounds(grid, planned))


def share(values: list[float]) -> float:
    return math.fsum(values) / len(values)

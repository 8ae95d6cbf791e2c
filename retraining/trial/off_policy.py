"""What a challenger would have earned on traffic that another version answered, as a hint before anybody sees it.

Of each logged choice: reward, the probability with which the logging version chose it, and that with which the
challenger would have. Self-normalised inverse propensity: V = Σ w r / Σ w, w = target / propensity (Swaminathan &
Joachims, NIPS 2015), its interval by the delta method over users. Doubly robust: the mean of q̂(target) + w (r − q̂)
(Dudík, Langford & Li, ICML 2011). Where the logging version never chooses what the challenger would, nothing is known:
the effective sample (Σ w)² / Σ w² (Kish 1965) shows it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.stats.intervals import LEVEL, ratio_interval
from retraining.records import between
from retraining.trial.sums import Sums

Floats = npt.NDArray[np.float64]
LEAST_EFFECTIVE = 100.0
CLIP = 100.0
"""Weights are cut here. It lowers the variance and pulls the estimate towards the logging version: how much was cut is
stated, and above 5 % of all weight nothing is said."""
MOST_CUT = 0.05


@dataclass(frozen=True)
class Weighed:
    """``sums`` over users: x = Σ w r, y = Σ w. ``weight`` and ``cut``: all weight before clipping, and what it lost."""

    rows: int
    sums: Sums
    ww: float
    weight: float
    cut: float

    def __add__(self, other: Weighed) -> Weighed:
        """Of both. A user who is in both counts as two."""
        return Weighed(
            self.rows + other.rows,
            self.sums + other.sums,
            self.ww + other.ww,
            self.weight + other.weight,
            self.cut + other.cut,
        )


@dataclass(frozen=True)
class OffPolicy:
    """``state`` "not_enough": the effective sample is too small, or too much weight was cut; the figures stay shown."""

    state: Literal["estimated", "not_enough"]
    value: float | None
    low: float | None
    high: float | None
    rows: int
    users: int
    effective: float
    cut_share: float
    sentence: str


def weighed(
    rewards: npt.ArrayLike,
    propensities: npt.ArrayLike,
    targets: npt.ArrayLike,
    users: npt.ArrayLike | None = None,
    clip: float = CLIP,
) -> Weighed:
    """From rows (n,); all rows of a user together. Without ``users`` each row is one of its own."""
    between("clip", clip, 1)
    r, propensity, target = _checked(rewards, propensities, targets)
    full = target / propensity
    weights = np.minimum(full, clip)
    x: Floats = weights * r
    y: Floats = weights
    if users is not None:
        _, place = np.unique(np.asarray(users), return_inverse=True)
        x, y = np.bincount(place, x).astype(np.float64), np.bincount(place, y).astype(np.float64)
    total = float(full.sum())
    return Weighed(len(r), Sums.of(x, y), float((weights**2).sum()), total, total - float(weights.sum()))


def estimate(logged: Weighed, level: float = LEVEL, least_effective: float = LEAST_EFFECTIVE) -> OffPolicy:
    sums = logged.sums
    effective = sums.y**2 / logged.ww if logged.ww else 0.0
    cut = logged.cut / logged.weight if logged.weight else 0.0
    if sums.n < 2 or not sums.y:
        words = "No logged choice is one that the challenger makes: nothing can be said from this log."
        return OffPolicy("not_enough", None, None, None, logged.rows, sums.n, effective, cut, words)
    found = ratio_interval(sums.n, sums.x, sums.y, sums.xx, sums.yy, sums.xy, level)
    low, high = (None if not math.isfinite(end) else end for end in (found.low, found.high))
    enough = effective >= least_effective and cut <= MOST_CUT
    size = f"{logged.rows:,} logged choices count as {effective:,.0f}"
    if enough:
        words = f"The challenger is expected at {found.value:.4g} ({size}); a hint, and no test."
    elif cut > MOST_CUT:
        words = f"The challenger is too unlike the logging version: clipping took {100 * cut:.0f} % of all weight."
    else:
        words = f"The challenger is too unlike the logging version: {size}, and {least_effective:,.0f} are needed."
    state: Literal["estimated", "not_enough"] = "estimated" if enough else "not_enough"
    return OffPolicy(state, found.value, low, high, logged.rows, sums.n, effective, cut, words)


def doubly_robust(
    rewards: npt.ArrayLike,
    propensities: npt.ArrayLike,
    targets: npt.ArrayLike,
    model_of_logged: npt.ArrayLike,
    model_of_target: npt.ArrayLike,
    users: npt.ArrayLike | None = None,
    clip: float = CLIP,
) -> Sums:
    """Sums of a mean a row, over users: ``ratio_interval`` and ``Sums.value`` read them.

    ``model_of_logged`` (n,) is the reward that a model expects of the logged choice, ``model_of_target`` (n,) what it
    expects of the challenger's choices on average. Right where either the model or the propensities are.
    """
    between("clip", clip, 1)
    r, propensity, target = _checked(rewards, propensities, targets)
    logged, expected = np.asarray(model_of_logged, np.float64), np.asarray(model_of_target, np.float64)
    if logged.shape != r.shape or expected.shape != r.shape:
        raise ValueError(f"model_of_logged, model_of_target: {len(r)} of each are accepted, one a row.")
    terms: Floats = expected + np.minimum(target / propensity, clip) * (r - logged)
    if users is None:
        return Sums.of(terms, np.ones(len(terms)))
    _, place = np.unique(np.asarray(users), return_inverse=True)
    return Sums.of(np.bincount(place, terms), np.bincount(place).astype(np.float64))


def _checked(
    rewards: npt.ArrayLike, propensities: npt.ArrayLike, targets: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    r, propensity, target = (np.asarray(one, np.float64) for one in (rewards, propensities, targets))
    if r.ndim != 1 or propensity.shape != r.shape or target.shape != r.shape:
        raise ValueError(
            f"propensities, targets: one a reward is accepted, {r.shape}, {propensity.shape}, {target.shape}."
        )
    if not np.isfinite(r).all():
        raise ValueError("rewards: finite numbers are accepted.")
    for name, values, fine in (
        ("propensities", propensity, (propensity > 0) & (propensity <= 1)),
        ("targets", target, (target >= 0) & (target <= 1)),
    ):
        if not fine.all():
            row = int(np.flatnonzero(~fine)[0])
            least = "above 0" if name == "propensities" else "from 0"
            raise ValueError(f"{name}: probabilities {least} to 1 are accepted, got {values[row]!r} in row {row}.")
    return r, propensity, target

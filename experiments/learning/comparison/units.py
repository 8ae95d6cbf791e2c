"""Per-user columns as the sums that are resampled: one row a user, or one row a random block of users.

Beyond ``UNITS`` users, users are dealt at random into ``UNITS`` blocks of equal size (within one), and blocks take
the place of users. Resampling blocks has the same expected variance as resampling users (the partition is random), with
a relative error of the standard deviation of about 1 / sqrt(2 UNITS) = 1.6 %; swapping the runs of a whole block is a
subgroup of swapping them user by user, so the randomisation test stays exact. Cost and memory then no longer grow with
the number of users but for one sum each. Source: the m-dependent argument is the classical grouped jackknife,
Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM 1982), section 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.learning.comparison.estimators import Estimator
from experiments.learning.metrics.arrays import Floats

UNITS = 2048

Blocks = NDArray[np.int64] | None


def blocks_of(users: int, seed: int) -> Blocks:
    """Block of each user, shape (users,); None where users are few enough to stand for themselves."""
    if users <= UNITS:
        return None
    return np.random.default_rng([seed, users]).permutation(np.arange(users) % UNITS)


def unit_sums(columns: Sequence[Floats], blocks: Blocks) -> Floats:
    """Sums of each column and, last, the number of users: shape (units, columns + 1).

    Args:
        columns: values of n users each, without NaN.
        blocks: from ``blocks_of(n, seed)``.
    """
    users = np.ones(len(columns[0]))
    if blocks is None:
        return np.stack([*columns, users], axis=1)
    return np.stack([np.bincount(blocks, column, UNITS) for column in (*columns, users)], axis=1)


def leave_one_out(estimator: Estimator, units: Floats) -> Floats:
    """The metric of each run without one unit at a time, shape (units, runs).

    Args:
        units: sums of each unit and run, shape (units, runs, columns + 1); at least two units.
    """
    return estimator.value(units.sum(axis=0) - units)


def jackknife_error(left: Floats) -> float:
    """Standard error of a statistic from its values without one unit each; for a mean over users exactly s / sqrt(n).

    Formula: sqrt((n - 1) / n * sum (theta_i - mean theta)^2), Efron and Tibshirani, An Introduction to the Bootstrap
    (1993), equation 11.5.
    """
    return float(np.sqrt((len(left) - 1) / len(left) * np.square(left - left.mean()).sum()))


def effective_units(estimator: Estimator, units: Floats) -> float:
    """How many units of equal weight one run's units are worth: (sum w)^2 / sum w^2, w being ratings or users.

    A few users with most of the ratings decide an RMSE, which is then known less well than their number suggests.
    Source: Kish, Survey Sampling (1965), section 11.7; Carter, Schnepel and Steigerwald, Review of Economics and
    Statistics 99(4), 2017, on clusters of unequal size.

    Args:
        units: sums of each unit, shape (units, columns + 1).
    """
    weights = units[:, estimator.per]
    return float(weights.sum() ** 2 / np.square(weights).sum())

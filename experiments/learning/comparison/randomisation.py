"""The paired randomisation test: had the two runs been the same, which run a user's rows belong to would be chance.

Under that hypothesis swapping the rows of any set of users leaves the distribution as it was, whatever the metric is
made of, so the test is exact also for F1 and RMSE. A drawn swap exchanges each unit (user, or block of users) with
probability 1/2; the p-value is the share of swaps, the given one among them, whose difference is at least as large in
size. Sources: Fisher, The Design of Experiments (1935), section 21; Smucker, Allan and Carterette, A comparison of
statistical significance tests for information retrieval evaluation, CIKM 2007.

A p-value of drawn swaps has an error of its own. A claim therefore rests on the upper end of its 99.99 % one-sided
interval (Clopper and Pearson, Biometrika 26, 1934), so that it does not hang on the seed.

Drawn swaps cannot tell 1e-4 from 1e-40. Far out, a sum of random signs is bounded by a multiple of the normal tail:

    p <= 2 c Phi(-z),   z = |difference| / root mean square of swapped differences,   c = 1 / (4 Phi(-sqrt 2)) = 3.18

It holds for means and, as their test orders swaps by one sum, for RMSE and MAE; for F1 it is an approximation. Source:
Bentkus and Dzindzalieta, A tight Gaussian bound for weighted sums of Rademacher random variables, Bernoulli 21, 2015.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from experiments.learning.comparison.bootstrap import chunks
from experiments.learning.comparison.estimators import Estimator
from experiments.learning.metrics.arrays import Floats

SWAPS = 4999
SURE = 0.9999
TAIL = 1 / (4 * float(special.ndtr(-math.sqrt(2))))
_ROUNDING = 1e-12
"""Differences that differ by no more than this share of the metric are the same one, summed in another order."""


@dataclass(frozen=True)
class Swapped:
    """What the drawn swaps of one pair came to.

    Attributes:
        extreme: how many made a difference at least as large in size as the given one.
        swaps: how many were drawn.
        ratio: the given difference over the root mean square of the swapped ones, in size.
    """

    extreme: int
    swaps: int
    ratio: float

    @property
    def p_value(self) -> float:
        """The two-sided p-value: the share of swaps as extreme as the given difference, or the bound far out."""
        return min((self.extreme + 1) / (self.swaps + 1), self._bound)

    @property
    def p_limit(self) -> float:
        """The largest p-value that these swaps leave possible; what a claim rests on."""
        return min(upper_limit(self.extreme, self.swaps), self._bound)

    @property
    def _bound(self) -> float:
        return min(1.0, 2 * TAIL * float(special.ndtr(-self.ratio)))


def swapped(
    estimator: Estimator, units: Floats, pairs: Sequence[tuple[int, int]], *, swaps: int = SWAPS, seed: int
) -> list[Swapped]:
    """Draws swaps and applies each to every pair.

    Args:
        units: sums of each unit and run over the same users, shape (units, runs, columns + 1).
        pairs: positions of two runs each.
    """
    count, runs, columns = units.shape
    total = units.sum(axis=0)
    given = estimator.value(total)
    generator = np.random.default_rng([seed, count, 2])
    extreme, squares = np.zeros(len(pairs), dtype=np.int64), np.zeros(len(pairs))
    flat = units.reshape(count, runs * columns).T
    for rows in chunks(swaps, count):
        # Transposed, so that each column lies in one piece for the pairs that read it.
        moved = (flat @ _coins(generator, rows, count).T).reshape(runs, columns, rows).transpose(0, 2, 1)
        for position, (a, b) in enumerate(pairs):
            change = moved[b] - moved[a]
            differences = np.abs(estimator.value(total[b] - change) - estimator.value(total[a] + change))
            extreme[position] += np.count_nonzero(differences >= _least(given[a], given[b]))
            squares[position] += np.square(differences).sum()
    return [
        Swapped(int(extreme[position]), swaps, _ratio(_least(given[a], given[b]), squares[position] / swaps))
        for position, (a, b) in enumerate(pairs)
    ]


def _least(first: float, second: float) -> float:
    """The smallest swapped difference that counts as large as the given one."""
    return abs(second - first) - _ROUNDING * max(abs(first), abs(second))


def _ratio(difference: float, mean_square: float) -> float:
    return max(difference, 0.0) / math.sqrt(mean_square) if mean_square > 0 else 0.0


def _coins(generator: np.random.Generator, rows: int, units: int) -> Floats:
    """0 or 1 with equal probability, shape (rows, units)."""
    bits = generator.integers(0, 256, size=(rows, -(-units // 8)), dtype=np.uint8)
    return np.unpackbits(bits, axis=1, count=units).astype(np.float64)


def upper_limit(extreme: int, swaps: int) -> float:
    """The largest p-value that ``extreme`` of ``swaps`` leave possible with 99.99 % confidence; above (e+1)/(s+1)."""
    return 1.0 if extreme >= swaps else float(special.betaincinv(extreme + 1, swaps - extreme, SURE))

"""Counts regressed on price with an elasticity of each product, shrunk to the common one.

    y ~ negative binomial, mean m, variance m + dispersion m^2 (Poisson where dispersion is 0)
    ln m = intercept + a_p + (common + d_p) x + z . gamma,     a_p ~ N(0, sd_a^2),  d_p ~ N(0, sd_d^2)

x is ln(price) less its mean of the product, z the encoded context. Quantities of 0 are counts like any other. Fitted by
penalised iteratively reweighted least squares (penalised quasi-likelihood: Breslow & Clayton, JASA 1993): each round
solves the weighted equations, then estimates sd_a and sd_d from the products' effects and their uncertainty (EM:
empirical Bayes) and the dispersion from Pearson's statistic (Cameron & Trivedi, Regression Analysis of Count Data,
3.3). A product with one price only has x = 0, so its d_p is 0 and it takes the common elasticity. Variances are those
of the posterior, the inverse of the penalised information.

Equations are solved by blocks - two unknowns a product, then what all share - so time grows with the products, not with
their cube.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.recommenders.blas import one_thread
from experiments.learning.tabular.base import Floats, Rows

ROUNDS = 200
_TOLERANCE = 1e-4
_WEAK = 1e-4
"""Precision of the prior of what all products share: a standard deviation of 100, in logarithms."""
_LARGEST = 30.0
_SMALLEST_VARIANCE = 1e-8


@dataclass(frozen=True)
class Regression:
    """Attributes:
    offset: intercept + a_p, shape (products + 1,); the last is the intercept, for a product never seen.
    elasticity: common + d_p, and its standard error, shape (products + 1,); the last is of one never seen, whose error
        holds how much products differ.
    mean, mean_error: mean of the products' elasticities and its standard error.
    gamma: weights of the context, shape (k,).
    dispersion, spread: of the counts, and sd_d.
    rounds: how many it took; ``converged`` says whether it came to rest.
    """

    offset: Floats
    elasticity: Floats
    elasticity_error: Floats
    common: float
    mean: float
    mean_error: float
    gamma: Floats
    dispersion: float
    spread: float
    rounds: int
    converged: bool


def fit_regression(
    quantity: Floats, code: Rows, products: int, move: Floats, context: Floats, varies: NDArray[np.bool_]
) -> Regression:
    """See the module.

    Args:
        quantity: shape (n,), 0 or more and not all 0.
        code: product of each row, below ``products``; each occurs.
        move: x, shape (n,).
        context: z, shape (n, k).
        varies: which products have more than one price, shape (products,); at least one.
    """
    with one_thread():
        return _Fit(quantity, code, products, move, context, varies).run()


class _Fit:
    def __init__(
        self, quantity: Floats, code: Rows, products: int, move: Floats, context: Floats, varies: NDArray[np.bool_]
    ) -> None:
        order = np.argsort(code, kind="stable")
        self.code, self.y = code[order], quantity[order]
        self.starts = np.searchsorted(self.code, np.arange(products))
        self.own = np.column_stack([np.ones(len(order)), move[order]])
        self.shared = np.column_stack([self.own, context[order]])
        self.products, self.varies = products, varies
        # One product has no effect of its own beside what is shared.
        self.random = products > 1
        self.variance = np.array([1.0, 0.1]) if self.random else np.full(2, _SMALLEST_VARIANCE)
        self.dispersion = 0.0

    def run(self) -> Regression:
        level = np.add.reduceat(self.y, self.starts) / np.diff(np.append(self.starts, len(self.y)))
        linear = np.log((self.y + level[self.code] + 0.1) / 2)
        before, converged, rounds = linear, False, 0
        while rounds < ROUNDS and not converged:
            rounds += 1
            solved = self._solve(linear)
            variance, dispersion = self.variance.copy(), self.dispersion
            linear = np.clip(self._linear(solved), -_LARGEST, _LARGEST)
            self._update(solved, linear)
            moved = max(
                float(np.abs(linear - before).max()),
                float(np.abs(np.sqrt(self.variance) - np.sqrt(variance)).max()),
                abs(self.dispersion - dispersion),
            )
            before, converged = linear, moved < _TOLERANCE
        return self._result(self._solve(linear), rounds, converged)

    def _solve(self, linear: Floats) -> _Solution:
        """One weighted, penalised least squares by blocks: own effects of products are eliminated first."""
        mean = np.exp(linear)
        weight = mean / (1 + self.dispersion * mean)
        working = linear + (self.y - mean) / mean
        weighted = self.own * weight[:, None]
        own = np.empty((self.products, 2, 2))
        for row in range(2):
            own[:, row] = np.add.reduceat(weighted[:, [row]] * self.own, self.starts)
        own[:, [0, 1], [0, 1]] += 1 / self.variance
        across = np.stack([np.add.reduceat(weighted[:, [row]] * self.shared, self.starts) for row in range(2)], axis=1)
        own_right = np.add.reduceat(weighted * working[:, None], self.starts)
        shared = self.shared.T @ (self.shared * weight[:, None])
        shared[np.diag_indices_from(shared)] += _WEAK
        inverse = np.asarray(np.linalg.inv(own), dtype=np.float64)
        through = np.asarray(inverse @ across, dtype=np.float64)
        reduced = shared - np.einsum("pij,pik->jk", across, through)
        right = self.shared.T @ (weight * working) - np.einsum("pij,pi->j", through, own_right)
        covariance = np.asarray(np.linalg.inv(reduced), dtype=np.float64)
        common = covariance @ right
        effects = np.einsum("pij,pj->pi", inverse, own_right) - through @ common
        return _Solution(common, effects, covariance, inverse, through)

    def _linear(self, solved: _Solution) -> Floats:
        found = self.shared @ solved.shared + (self.own * solved.effects[self.code]).sum(axis=1)
        return np.asarray(found, dtype=np.float64)

    def _update(self, solved: _Solution, linear: Floats) -> None:
        """Variances of the effects by one EM step, dispersion by Pearson's statistic."""
        if self.random:
            second = solved.effects**2 + solved.effect_variances()
            of_slopes = second[self.varies, 1]
            self.variance = np.maximum([second[:, 0].mean(), of_slopes.mean()], _SMALLEST_VARIANCE)
        freedom = len(self.y) - self.shared.shape[1] - self._effective(solved)
        self.dispersion = dispersion_of(self.y, np.exp(linear), max(freedom, 1.0))

    def _effective(self, solved: _Solution) -> float:
        """Degrees of freedom that the products' own effects use: 1 - posterior variance / prior variance, each."""
        if not self.random:
            return 0.0
        kept = 1 - solved.effect_variances() / np.maximum(self.variance, _SMALLEST_VARIANCE)
        return float(np.clip(kept, 0, 1).sum())

    def _result(self, solved: _Solution, rounds: int, converged: bool) -> Regression:
        slope = solved.shared[1]
        own, toward = solved.effect_variances()[:, 1], solved.through[:, 1]
        common_variance = solved.covariance[1, 1]
        error = np.sqrt(np.maximum(common_variance + own - 2 * toward @ solved.covariance[:, 1], 0))
        middle = toward.mean(axis=0)
        mean_variance = (
            common_variance
            + solved.inverse[:, 1, 1].sum() / self.products**2
            + middle @ solved.covariance @ middle
            - 2 * middle @ solved.covariance[:, 1]
        )
        spread = float(np.sqrt(self.variance[1])) if self.random else 0.0
        return Regression(
            offset=np.append(solved.shared[0] + solved.effects[:, 0], solved.shared[0]),
            elasticity=np.append(slope + solved.effects[:, 1], slope),
            elasticity_error=np.append(error, np.hypot(np.sqrt(common_variance), spread)),
            common=float(slope),
            mean=float(slope + solved.effects[:, 1].mean()),
            mean_error=float(np.sqrt(max(mean_variance, 0.0))),
            gamma=solved.shared[2:],
            dispersion=self.dispersion,
            spread=spread,
            rounds=rounds,
            converged=converged,
        )


@dataclass(frozen=True)
class _Solution:
    """shared (k + 2,), effects (products, 2), covariance of shared, inverses of the products' blocks (products, 2, 2),
    and ``through`` = inverse times the coupling to what is shared, (products, 2, k + 2)."""

    shared: Floats
    effects: Floats
    covariance: Floats
    inverse: Floats
    through: Floats

    def effect_variances(self) -> Floats:
        """Posterior variance of each effect, shape (products, 2)."""
        added = np.einsum("pij,jk,pik->pi", self.through, self.covariance, self.through)
        return np.asarray(self.inverse[:, [0, 1], [0, 1]] + added, dtype=np.float64)


def dispersion_of(quantity: Floats, mean: Floats, freedom: float) -> float:
    """The dispersion at which sum (y - m)^2 / (m + dispersion m^2) = freedom, by bisection; 0 where counts spread less
    than Poisson's do."""
    squared = (quantity - mean) ** 2

    def excess(dispersion: float) -> float:
        return float((squared / (mean + dispersion * mean**2)).sum()) - freedom

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, 1.0
    while excess(high) > 0 and high < 1e6:
        high *= 4
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2

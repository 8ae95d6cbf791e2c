"""One side of a factor model, users or items, as Gibbs sampling draws it given the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.recommenders.checkpoint import Arrays

Wide = NDArray[np.float64]
_ROWS_AT_ONCE = 4096
_PSEUDO_ROWS = 2.0
"""How many vectors the prior of their mean counts for, at zero."""
_LINK_PENALTY = 5.0
"""Where the penalty of the link starts; it is learnt."""


class Side:
    """Vectors v (n, d) of one side, the last number being the bias, with v ~ N(middle + x·link, 1/precision).

    ``values`` and ``ones`` are sparse (n, others): standardised ratings and how many there are; ``beforehand`` x is
    sparse (n, f), None for no side information. Only rows with ratings are drawn; the others have what is expected.
    """

    def __init__(
        self, values: sparse.csr_array, ones: sparse.csr_array, beforehand: sparse.csr_array | None, size: int
    ) -> None:
        count = values.shape[0]
        self._values, self._ones = values, ones
        self._met = np.flatnonzero(np.diff(ones.indptr))
        self._beforehand = beforehand
        columns = beforehand.shape[1] if beforehand is not None else 0
        if beforehand is not None:
            self._learnt_from = beforehand[self._met]
            gram = (self._learnt_from.T @ self._learnt_from).toarray()
            # (xᵀx + λ)⁻¹ for every λ at once, as λ is learnt.
            spectrum, self._turn = np.linalg.eigh(gram)
            self._spectrum = np.maximum(spectrum, 0)
        self.vectors: Wide = np.zeros((count, size))
        self.link: Wide = np.zeros((columns, size))
        self.penalty = _LINK_PENALTY
        self.middle: Wide = np.zeros(size)
        self.precision: Wide = np.eye(size)

    def expected(self) -> Wide:
        """What vectors are expected to be before any rating, shape (n, d)."""
        if self._beforehand is None:
            return np.tile(self.middle, (len(self.vectors), 1))
        told: Wide = self._beforehand @ self.link
        return told + self.middle

    def draw_expectation(self, generator: np.random.Generator) -> None:
        """middle and precision from their normal-Wishart distribution, then the link and its penalty."""
        drawn = self.vectors[self._met]
        size, count = drawn.shape[1], len(drawn)
        apart = drawn - self._learnt_from @ self.link if self._beforehand is not None else drawn
        mean = apart.mean(axis=0)
        centred = apart - mean
        scatter = np.eye(size) + centred.T @ centred
        scatter += count * _PSEUDO_ROWS / (count + _PSEUDO_ROWS) * np.outer(mean, mean)
        freedom = size + count + len(self.link)
        scatter += self.penalty * self.link.T @ self.link
        self.precision = _wishart(np.linalg.inv(scatter), freedom, generator)
        root: Wide = np.linalg.cholesky(self.precision).astype(np.float64)
        noise = np.linalg.solve(root.T, generator.standard_normal(size)) / np.sqrt(count + _PSEUDO_ROWS)
        self.middle = np.asarray(count * mean / (count + _PSEUDO_ROWS) + noise, np.float64)
        if self._beforehand is not None:
            self._draw_link(drawn, root, generator)

    def _draw_link(self, drawn: Wide, root: Wide, generator: np.random.Generator) -> None:
        """By noise on both sides of the normal equations (Simm et al. 2017, section 3.2)."""
        columns, size = self.link.shape

        def noise(count: int) -> Wide:
            return np.asarray(np.linalg.solve(root.T, generator.standard_normal((size, count))).T, np.float64)

        right = self._learnt_from.T @ (drawn - self.middle + noise(len(drawn)))
        right += np.sqrt(self.penalty) * noise(columns)
        self.link = self._turn @ ((self._turn.T @ right) / (self._spectrum + self.penalty)[:, None])
        spread = float(np.einsum("fd,de,fe->", self.link, self.precision, self.link, optimize=True))
        self.penalty = float(generator.gamma(1 + columns * size / 2, 1 / (1 + spread / 2)))

    def draw(self, others: Wide, precision: float, generator: np.random.Generator) -> Wide:
        """New vectors given those of the other side (m, d) and the ratings' precision; returns their means (n, d)."""
        expected = self.expected()
        design = others.copy()
        design[:, -1] = 1.0
        size = design.shape[1]
        upper = np.triu_indices(size)
        products = design[:, upper[0]] * design[:, upper[1]]
        shifted = design * others[:, -1:]
        means = expected.copy()
        noise = generator.standard_normal((len(self._met), size))
        for start in range(0, len(self._met), _ROWS_AT_ONCE):
            rows = self._met[start : start + _ROWS_AT_ONCE]
            ones = self._ones[rows]
            gram = np.empty((len(rows), size, size))
            gram[:, upper[0], upper[1]] = gram[:, upper[1], upper[0]] = ones @ products
            right = precision * (self._values[rows] @ design - ones @ shifted) + expected[rows] @ self.precision
            root = np.linalg.cholesky(precision * gram + self.precision)
            half = np.linalg.solve(root, right[:, :, None])
            turned = root.transpose(0, 2, 1)
            means[rows] = np.linalg.solve(turned, half)[:, :, 0]
            self.vectors[rows] = np.linalg.solve(turned, half + noise[start : start + len(rows), :, None])[:, :, 0]
        return means

    def settled(self) -> Wide:
        """The vectors as drawn, and what is expected of rows without ratings; shape (n, d)."""
        found = self.expected()
        found[self._met] = self.vectors[self._met]
        return found

    def state(self) -> Arrays:
        return {"vectors": self.vectors.copy(), "link": self.link.copy(), "penalty": np.array([self.penalty]),
                "middle": self.middle.copy(), "precision": self.precision.copy()}  # fmt: skip

    def restore(self, state: Arrays) -> None:
        self.vectors, self.link = state["vectors"].copy(), state["link"].copy()
        self.middle, self.precision = state["middle"].copy(), state["precision"].copy()
        self.penalty = float(state["penalty"][0])


def _wishart(scale: Wide, freedom: int, generator: np.random.Generator) -> Wide:
    """A matrix from the Wishart distribution, by Bartlett's decomposition (1933)."""
    size = len(scale)
    lower = np.tril(generator.standard_normal((size, size)), -1)
    lower[np.diag_indices(size)] = np.sqrt(generator.chisquare(freedom - np.arange(size)))
    root = np.linalg.cholesky((scale + scale.T) / 2) @ lower
    drawn: Wide = root @ root.T
    return drawn

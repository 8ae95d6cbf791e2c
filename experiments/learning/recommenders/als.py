"""Alternating least squares: the learners behind matrix factorisation and implicit ALS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold, TrainingData
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.checkpoint import Arrays
from experiments.learning.recommenders.cold import with_average_for_others
from experiments.learning.recommenders.sampling import Rows, RowSource
from experiments.learning.recommenders.scorers.factors import FactorScorer

_INITIAL_SCALE = 0.1
_VALIDATION_NEGATIVES = 4
Wide = NDArray[np.float64]
"""Solved in double precision: normal equations square the condition number."""


@dataclass(frozen=True)
class _Grouped:
    """Interactions sorted by one side: ``of(x)`` are the other side's codes and the values of code x."""

    start: NDArray[np.int64]
    other: IntArray
    value: Wide

    @classmethod
    def by(cls, keys: IntArray, other: IntArray, value: FloatArray, count: int) -> _Grouped:
        order = np.argsort(keys, kind="stable")
        start = np.searchsorted(keys[order], np.arange(count + 1))
        return cls(start, other[order], value[order].astype(np.float64))

    def __iter__(self) -> Iterator[tuple[int, IntArray, Wide]]:
        """(code, other side's codes, values) of each code that has any."""
        for code in np.flatnonzero(np.diff(self.start)).tolist():
            part = slice(self.start[code], self.start[code + 1])
            yield code, self.other[part], self.value[part]


class _Factors:
    """What both learners keep: vectors and biases of both sides, in double precision."""

    def __init__(self, data: TrainingData, *, size: int, seed: int, negatives: int) -> None:
        train: Fold = data.train
        self._by_user = _Grouped.by(train.user, train.item, train.value, data.num_users)
        self._by_item = _Grouped.by(train.item, train.user, train.value, data.num_items)
        rows = RowSource(data, seed=seed, negatives=negatives)
        self._validation, self._train = rows.validation, rows.epoch(1)
        self.offset = rows.mean_target() if data.feedback == "explicit" else 0.0
        generator = np.random.default_rng([seed, 3])
        # Users are solved first, so only items need a start; who never occurs stays at zero, the neutral answer.
        self.user, self.item = np.zeros((data.num_users, size)), np.zeros((data.num_items, size))
        known = np.flatnonzero(np.diff(self._by_item.start))
        self.item[known] = generator.normal(0, _INITIAL_SCALE, (len(known), size))
        self.user_bias, self.item_bias = np.zeros(data.num_users), np.zeros(data.num_items)

    def validation_loss(self) -> float | None:
        return self._loss(self._validation) if len(self._validation) else None

    def _loss(self, rows: Rows) -> float:
        error = self.scorer().score_pairs(rows.user, rows.item).astype(np.float64) - rows.target
        return float(np.mean(error**2))

    def weights(self) -> Arrays:
        return {
            "user": self.user.copy(),
            "item": self.item.copy(),
            "user_bias": self.user_bias.copy(),
            "item_bias": self.item_bias.copy(),
        }

    def set_weights(self, weights: Arrays) -> None:
        for name, array in weights.items():
            setattr(self, name, array.copy())

    def state(self) -> Arrays:
        return self.weights()

    def restore(self, state: Arrays) -> None:
        self.set_weights(state)

    def _user_vectors(self) -> Wide:
        """The vectors that users are scored with, shape (num_users, size)."""
        return self.user

    def scorer(self) -> FactorScorer:
        return FactorScorer(
            user_factors=self._user_vectors().astype(np.float32),
            item_factors=self.item.astype(np.float32),
            user_bias=self.user_bias.astype(np.float32),
            item_bias=self.item_bias.astype(np.float32),
            offset=self.offset,
        )


class ExplicitALS(_Factors):
    """Ratings, with biases. ``ridge`` is per rating, so a busy user is held as tightly as a new one."""

    def __init__(self, data: TrainingData, *, size: int, ridge: float, seed: int) -> None:
        super().__init__(data, size=size, seed=seed, negatives=0)
        self._ridge = ridge
        self.total_parameters = (data.num_users + data.num_items) * (size + 1)

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        del epoch, learning_rate
        with one_thread():
            self._solve(self._by_user, self.user, self.user_bias, self.item, self.item_bias)
            self._solve(self._by_item, self.item, self.item_bias, self.user, self.user_bias)
        return self._loss(self._train)

    def _solve(self, groups: _Grouped, vectors: Wide, biases: Wide, fixed: Wide, fixed_biases: Wide) -> None:
        """Vector and bias of each code together: the bias is the weight of a constant 1 beside the fixed vectors."""
        design = np.hstack([fixed, np.ones((len(fixed), 1))])
        diagonal = np.arange(design.shape[1])
        for code, others, values in groups:
            rows = design[others]
            gram = rows.T @ rows
            gram[diagonal, diagonal] += self._ridge * len(others)
            solved = np.linalg.solve(gram, rows.T @ (values - self.offset - fixed_biases[others]))
            vectors[code], biases[code] = solved[:-1], solved[-1]


class ImplicitALS(_Factors):
    """Liked pairs against all others; the product over all others is one small matrix, shared by every solve.

    Minimises Σ c·(p − x·y)² + ridge·(Σ‖x‖² + Σ‖y‖²) over all pairs (Hu, Koren, Volinsky, ICDM 2008): a liked pair
    of weight w wants p = 1 with c = 1 + confidence·w, every other pair wants p = 0 with c = 1. ``data`` is implicit
    and its values are the weights, as :mod:`positives` makes them.
    """

    def __init__(self, data: TrainingData, *, size: int, ridge: float, confidence: float, seed: int) -> None:
        super().__init__(data, size=size, seed=seed, negatives=_VALIDATION_NEGATIVES)
        self._ridge, self._confidence = ridge, confidence
        self._known_users = np.unique(data.train.user)
        self.total_parameters = (data.num_users + data.num_items) * size

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        del epoch, learning_rate
        self.solve_users()
        self.solve_items()
        return self._loss(self._train)

    def solve_users(self) -> None:
        """The users' half step: each vector at its minimum while the items are held."""
        self._solve(self._by_user, self.user, self.item)

    def solve_items(self) -> None:
        """The items' half step."""
        self._solve(self._by_item, self.item, self.user)

    def _solve(self, groups: _Grouped, vectors: Wide, fixed: Wide) -> None:
        with one_thread():
            base = fixed.T @ fixed + self._ridge * np.eye(fixed.shape[1])
            for code, others, weights in groups:
                rows = fixed[others]
                extra = self._confidence * weights
                gram = base + (rows * extra[:, None]).T @ rows
                vectors[code] = np.linalg.solve(gram, rows.T @ (1 + extra))

    def _user_vectors(self) -> Wide:
        return with_average_for_others(self.user, self._known_users)

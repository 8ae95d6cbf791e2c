"""Gibbs sampling of a factor model; the method and its sources are described in bayesian_factorization.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.recommenders.base import TrainingData
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.checkpoint import Arrays
from experiments.learning.recommenders.factor_mean import FactorMean
from experiments.learning.recommenders.gibbs_side import Side, Wide
from experiments.learning.recommenders.sampling import RowSource
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.side_information import known_beforehand

_INITIAL_SCALE = 0.1
_SWEEP = 31
"""Purpose of the generator of a sweep, so that no other draw shares its numbers."""
_NOISE_SHAPE = 1.0
"""Shape and rate of the noise's gamma prior: as much as two ratings say."""


class GibbsLearner:
    """Draws users given items, items given users, and what both are expected to be; averages after ``warm_up`` sweeps.

    Ratings are standardised, so that the priors mean the same on every scale. ``noise`` 0 learns it.
    """

    def __init__(
        self, data: TrainingData, *, size: int, warm_up: int, side: bool, noise: float, negatives: int, seed: int
    ) -> None:
        rows = RowSource(data, seed=seed, negatives=negatives)
        train, self._validation = rows.epoch(1), rows.validation
        self._seed, self._size, self._warm_up, self._learns_noise = seed, size, warm_up, noise == 0
        target = train.target.astype(np.float64)
        self.offset, self._scale = float(target.mean()), float(target.std()) or 1.0
        self._user, self._item = train.user, train.item
        self._target: Wide = (target - self.offset) / self._scale
        shape = (data.num_users, data.num_items)
        values, ones = (
            sparse.csr_array((each, (train.user, train.item)), shape=shape)
            for each in (self._target, np.ones(len(target)))
        )
        met = sparse.csr_array((np.ones(len(data.train)), (data.train.user, data.train.item)), shape=shape)
        users = known_beforehand(met, data.user_features, data.user_feature_names) if side else None
        items = known_beforehand(met.T.tocsr(), data.item_features, data.item_feature_names) if side else None
        self.users = Side(values, ones, users, size + 1)
        self.items = Side(values.T.tocsr(), ones.T.tocsr(), items, size + 1)
        generator = np.random.default_rng([seed, _SWEEP, 0])
        for each in (self.users, self.items):
            each.vectors[:, :size] = generator.normal(0, _INITIAL_SCALE, (len(each.vectors), size))
        self.precision = 1.5 if self._learns_noise else (self._scale / noise) ** 2
        self.mean = FactorMean(*shape)
        self.total_parameters = sum(each.vectors.size + each.link.size for each in (self.users, self.items))

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        del learning_rate
        generator = np.random.default_rng([self._seed, _SWEEP, epoch])
        with one_thread():
            self.users.draw_expectation(generator)
            expected = self.users.draw(self.items.vectors, self.precision, generator)
            # Users as they are expected to be given these items: the same mean as of draws of them, less chance in it.
            self.mean.add(expected, self.items.settled(), restart=epoch <= self._warm_up + 1)
            self.items.draw_expectation(generator)
            self.items.draw(self.users.vectors, self.precision, generator)
            error = self._target - self._fit()
            squares = float(error @ error)
            if self._learns_noise:
                shape, rate = _NOISE_SHAPE + len(error) / 2, _NOISE_SHAPE + squares / 2
                self.precision = float(generator.gamma(shape, 1 / rate))
        return squares / len(error) * self._scale**2

    def _fit(self) -> Wide:
        users, items = self.users.vectors[self._user], self.items.vectors[self._item]
        products: Wide = np.einsum("nd,nd->n", users[:, :-1], items[:, :-1])
        return products + users[:, -1] + items[:, -1]

    def validation_loss(self) -> float | None:
        rows = self._validation
        if not len(rows):
            return None
        error = self.scorer().score_pairs(rows.user, rows.item).astype(np.float64) - rows.target
        return float(np.mean(error**2))

    def state(self) -> Arrays:
        sides = {
            f"{name}_{part}": array
            for name, side in (("user", self.users), ("item", self.items))
            for part, array in side.state().items()
        }
        return sides | self.mean.state() | {"precision": np.array([self.precision])}

    def restore(self, state: Arrays) -> None:
        for name, side in (("user", self.users), ("item", self.items)):
            side.restore({part: state[f"{name}_{part}"] for part in side.state()})
        self.mean.restore(state)
        self.precision = float(state["precision"][0])

    def weights(self) -> Arrays:
        return self.mean.state()

    def set_weights(self, weights: Arrays) -> None:
        self.mean.restore(weights)

    def scorer(self) -> FactorScorer:
        users, items, of_user, of_item = self.mean.factors()
        return FactorScorer(
            user_factors=_single(users * self._scale),
            item_factors=_single(items),
            user_bias=_single(of_user * self._scale),
            item_bias=_single(of_item * self._scale),
            offset=self.offset,
        )


def _single(array: Wide) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, np.float32)

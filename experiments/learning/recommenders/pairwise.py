"""The learner of BPR: from pairs of items, one liked and one not, by mini-batches with Adagrad.

Objective, method and sources are described in bpr.py. Adagrad: Duchi, Hazan, Singer, JMLR 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold, TrainingData
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.checkpoint import Arrays
from experiments.learning.recommenders.cold import with_average_for_others
from experiments.learning.recommenders.sampling import UnseenItems
from experiments.learning.recommenders.scorers.factors import FactorScorer

_INITIAL_SCALE = 0.1
_SHUFFLE, _CANDIDATES, _VALIDATION, _START = 0, 1, 2, 3
_SLOT_START = 1e-8


@dataclass(frozen=True)
class Step:
    """Loss of each triple without penalty (n,), and gradients (n, d) of loss and penalty for the vectors of each."""

    loss: FloatArray
    user: FloatArray
    liked: FloatArray
    other: FloatArray


def bpr_step(user: FloatArray, liked: FloatArray, other: FloatArray, weight: FloatArray, regularization: float) -> Step:
    """Loss w·−ln σ(x·(yᵢ − yⱼ)) and gradients of w·−ln σ(…) + λ/2·(‖x‖² + ‖yᵢ‖² + ‖yⱼ‖²), row by row.

    Vectors have shape (n, d), the last column of the users' being 1: that makes the items' last column their bias.
    The users' gradient has that column set to 0, as it is no parameter.
    """
    difference = liked - other
    margin = np.einsum("nd,nd->n", user, difference)
    slope = (-weight * np.exp(-np.logaddexp(0, margin)))[:, None]
    of_user = slope * difference + regularization * user
    of_user[:, -1] = 0
    return Step(
        loss=weight * np.logaddexp(0, -margin),
        user=of_user,
        liked=slope * user + regularization * liked,
        other=-slope * user + regularization * other,
    )


class PairwiseRanker:
    """Vectors of users (num_users, d + 1; last column 1) and items (num_items, d + 1; last column the bias)."""

    def __init__(
        self,
        data: TrainingData,
        *,
        size: int,
        regularization: float,
        candidates: int,
        batch_size: int,
        seed: int,
    ) -> None:
        """``data``: implicit, values are weights; see :mod:`positives`."""
        self._train, self._num_items = data.train, data.num_items
        self._regularization, self._candidates, self._batch = regularization, candidates, batch_size
        self._seed = seed
        self._unseen = UnseenItems(data.train, data.num_items)
        self._known_users = np.unique(data.train.user)
        generator = np.random.default_rng([seed, _START])
        self.user = _start(generator, data.num_users, size, self._known_users)
        self.user[:, -1] = 1
        self.item = _start(generator, data.num_items, size, np.unique(data.train.item))
        self._user_slot = np.full_like(self.user, _SLOT_START)
        self._item_slot = np.full_like(self.item, _SLOT_START)
        self._validation, self._validation_other = self._validation_pairs(data.validation)
        self.total_parameters = data.num_users * size + data.num_items * (size + 1)

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        """Each liked pair once, in shuffled order, against the best scored of its sampled unseen items."""
        order = np.random.default_rng([self._seed, _SHUFFLE, epoch]).permutation(len(self._train))
        generator = np.random.default_rng([self._seed, _CANDIDATES, epoch])
        total = weight = 0.0
        with one_thread():
            for start in range(0, len(order), self._batch):
                rows = order[start : start + self._batch]
                loss, weights = self._learn(rows, generator, learning_rate or 0.0)
                total, weight = total + loss, weight + weights
        return total / weight if weight else 0.0

    def _learn(self, rows: NDArray[np.int64], generator: np.random.Generator, rate: float) -> tuple[float, float]:
        """One batch; (sum of the losses met, sum of the weights)."""
        user = self._train.user[rows]
        other, found = self._hardest(user, generator)
        user, other, rows = user[found], other[found], rows[found]
        item, weight = self._train.item[rows], self._train.value[rows]
        if not len(rows):
            return 0.0, 0.0
        step = bpr_step(self.user[user], self.item[item], self.item[other], weight, self._regularization)
        _descend(self.user, self._user_slot, user, step.user, rate)
        both = np.concatenate([item, other])
        _descend(self.item, self._item_slot, both, np.concatenate([step.liked, step.other]), rate)
        return float(step.loss.sum(dtype=np.float64)), float(weight.sum(dtype=np.float64))

    def _hardest(self, user: IntArray, generator: np.random.Generator) -> tuple[IntArray, NDArray[np.bool_]]:
        """Of the candidates of each user the one with the highest score, and whether there is any, shapes (n,)."""
        asked = np.repeat(user, self._candidates)
        drawn, found = self._unseen.draw(asked, generator)
        drawn, found = drawn.reshape(-1, self._candidates), found.reshape(-1, self._candidates)
        if self._candidates == 1:
            return drawn[:, 0], found[:, 0]
        scores = np.einsum("nd,ncd->nc", self.user[user], self.item[drawn])
        best = np.where(found, scores, -np.inf).argmax(axis=1)
        some = np.asarray(found.any(axis=1), np.bool_)
        return drawn[np.arange(len(user)), best], some

    def _validation_pairs(self, validation: Fold) -> tuple[Fold, IntArray]:
        """Liked pairs and the unseen item that each is held against, drawn once."""
        generator = np.random.default_rng([self._seed, _VALIDATION])
        other, found = self._unseen.draw(validation.user, generator)
        return Fold(validation.user[found], validation.item[found], validation.value[found]), other[found]

    def validation_loss(self) -> float | None:
        """Weighted mean of −ln σ over the validation pairs; what is measured is what is scored with."""
        fold, scorer = self._validation, self.scorer()
        weight = fold.value.astype(np.float64)
        if not weight.sum():
            return None
        margin = scorer.score_pairs(fold.user, fold.item) - scorer.score_pairs(fold.user, self._validation_other)
        return float(np.average(np.logaddexp(0, -margin.astype(np.float64)), weights=weight))

    def weights(self) -> Arrays:
        return {"user": self.user.copy(), "item": self.item.copy()}

    def set_weights(self, weights: Arrays) -> None:
        self.user, self.item = weights["user"].copy(), weights["item"].copy()

    def state(self) -> Arrays:
        return self.weights() | {"user_slot": self._user_slot.copy(), "item_slot": self._item_slot.copy()}

    def restore(self, state: Arrays) -> None:
        self.set_weights(state)
        self._user_slot, self._item_slot = state["user_slot"].copy(), state["item_slot"].copy()

    def scorer(self) -> FactorScorer:
        return FactorScorer(
            user_factors=with_average_for_others(self.user[:, :-1], self._known_users),
            item_factors=self.item[:, :-1].copy(),
            user_bias=np.zeros(len(self.user), np.float32),
            item_bias=self.item[:, -1].copy(),
            offset=0.0,
        )


def _start(generator: np.random.Generator, count: int, size: int, known: IntArray) -> FloatArray:
    """Small random vectors of who occurs in training, 0 for the others and for the last column."""
    vectors = np.zeros((count, size + 1), np.float32)
    vectors[known, :-1] = generator.normal(0, _INITIAL_SCALE, (len(known), size))
    return vectors


def _descend(vectors: FloatArray, slots: FloatArray, codes: IntArray, gradients: FloatArray, rate: float) -> None:
    """An Adagrad step of the rows ``codes``, in place; gradients of a code that occurs repeatedly add up."""
    order = np.argsort(codes, kind="stable")
    distinct, first = np.unique(codes[order], return_index=True)
    gradient = np.add.reduceat(gradients[order], first, axis=0)
    slots[distinct] += gradient**2
    vectors[distinct] -= np.float32(rate) * gradient / np.sqrt(slots[distinct])

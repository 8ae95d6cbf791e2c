"""Which rows an epoch learns from: ratings in a shuffled order, or seen pairs beside sampled unseen ones.

Everything is drawn from a generator made of (seed, purpose, epoch), so an epoch's rows depend on nothing that came
before it: a fit resumed after epoch 7 sees in epoch 8 exactly what an uninterrupted one sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold, TrainingData

_SHUFFLE, _NEGATIVES, _VALIDATION = 0, 1, 2
_ROUNDS = 10
"""How often a sampled pair that turns out to be a seen one is drawn again."""


@dataclass(frozen=True)
class Rows:
    """Parallel arrays, shape (n,): codes and the number the model should answer with."""

    user: IntArray
    item: IntArray
    target: FloatArray

    def __len__(self) -> int:
        return len(self.user)


class RowSource:
    """Rows to learn from and to validate on.

    Explicit feedback: the ratings themselves. Implicit feedback: target 1 for each seen pair (its strength is not
    used) and target 0 for ``negatives`` items a seen pair, drawn uniformly from those the user has not met in
    training; validation draws likewise, once.
    """

    def __init__(self, data: TrainingData, *, seed: int, negatives: int) -> None:
        self._data = data
        self._seed = seed
        self._negatives = 0 if data.feedback == "explicit" else negatives
        self.validation = self._rows(data.validation, _VALIDATION, 0)

    def epoch(self, epoch: int) -> Rows:
        """The rows of this epoch (1-based) in the order to learn them."""
        rows = self._rows(self._data.train, _NEGATIVES, epoch)
        order = np.random.default_rng([self._seed, _SHUFFLE, epoch]).permutation(len(rows))
        return Rows(rows.user[order], rows.item[order], rows.target[order])

    def mean_target(self) -> float:
        """Mean of the targets of an epoch: the rating level, or the share of seen pairs."""
        if self._negatives:
            return 1.0 / (1 + self._negatives)
        return float(np.mean(self._data.train.value, dtype=np.float64))

    def _rows(self, fold: Fold, purpose: int, epoch: int) -> Rows:
        user, item = fold.user.astype(np.int32), fold.item.astype(np.int32)
        if not self._negatives:
            return Rows(user, item, fold.value.astype(np.float32))
        generator = np.random.default_rng([self._seed, purpose, epoch])
        unseen = self._unseen(np.repeat(user, self._negatives), generator)
        return Rows(
            np.concatenate([user, unseen.user]),
            np.concatenate([item, unseen.item]),
            np.concatenate([np.ones(len(user), np.float32), unseen.target]),
        )

    @cached_property
    def _sampler(self) -> UnseenItems:
        return UnseenItems(self._data.train, self._data.num_items)

    def _unseen(self, user: IntArray, generator: np.random.Generator) -> Rows:
        """One unseen item for each of these users; fewer rows where a user has met nearly everything."""
        item, found = self._sampler.draw(user, generator)
        return Rows(user[found], item[found], np.zeros(int(found.sum()), np.float32))


class UnseenItems:
    """Draws items uniformly from those a user has not met in ``train``."""

    def __init__(self, train: Fold, num_items: int) -> None:
        self._num_items = num_items
        self._seen = np.unique(train.user.astype(np.int64) * num_items + train.item)

    def draw(self, user: IntArray, generator: np.random.Generator) -> tuple[IntArray, NDArray[np.bool_]]:
        """(item, found) for each of these users, shapes (n,); not found where a user has met nearly everything."""
        item = generator.integers(0, self._num_items, len(user), dtype=np.int32)
        seen = self._is_seen(user, item)
        for _ in range(_ROUNDS):
            if not seen.any():
                break
            again = np.flatnonzero(seen)
            item[again] = generator.integers(0, self._num_items, len(again), dtype=np.int32)
            seen[again] = self._is_seen(user[again], item[again])
        return item, ~seen

    def _is_seen(self, user: IntArray, item: IntArray) -> NDArray[np.bool_]:
        if not len(self._seen):
            return np.zeros(len(user), np.bool_)
        keys = user.astype(np.int64) * self._num_items + item
        at = np.searchsorted(self._seen, keys)
        found: NDArray[np.bool_] = self._seen[np.minimum(at, len(self._seen) - 1)] == keys
        return found

"""The rating level of each user and item: offset + user bias + item bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import TrainingData

_ROUNDS = 10
_USER_DAMPING, _ITEM_DAMPING = 10.0, 5.0


@dataclass(frozen=True)
class Biases:
    """``user`` (num_users,), ``item`` (num_items,); 0 for whom training has not seen."""

    offset: float
    user: FloatArray
    item: FloatArray

    def predict(self, users: IntArray, items: IntArray) -> NDArray[np.float64]:
        return self.offset + self.user[users].astype(np.float64) + self.item[items]

    @classmethod
    def zero(cls, num_users: int, num_items: int) -> Biases:
        return cls(0.0, np.zeros(num_users, np.float32), np.zeros(num_items, np.float32))


def damped_biases(data: TrainingData) -> Biases:
    """Alternating damped means, ten rounds (Koren, KDD 2008, section 2.1; damping 10 for users and 5 for items)."""
    user, item = data.train.user, data.train.item
    value = data.train.value.astype(np.float64)
    offset = float(value.mean())
    of_user, of_item = np.zeros(data.num_users), np.zeros(data.num_items)
    user_weight = _USER_DAMPING + np.bincount(user, minlength=data.num_users)
    item_weight = _ITEM_DAMPING + np.bincount(item, minlength=data.num_items)
    for _ in range(_ROUNDS):
        of_item = np.bincount(item, value - offset - of_user[user], data.num_items) / item_weight
        of_user = np.bincount(user, value - offset - of_item[item], data.num_users) / user_weight
    return Biases(offset, of_user.astype(np.float32), of_item.astype(np.float32))

"""offset + user bias + item bias + inner product of two vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import require_codes, require_finite, require_pairs, require_shape

_PAIRS_AT_ONCE = 65_536


class FactorScorer:
    """``user_factors`` (num_users, d), ``item_factors`` (num_items, d), biases (num_users,), (num_items,)."""

    KIND = "factors"
    FIELDS = ("user_factors", "item_factors", "user_bias", "item_bias")

    def __init__(
        self,
        *,
        user_factors: FloatArray,
        item_factors: FloatArray,
        user_bias: FloatArray,
        item_bias: FloatArray,
        offset: float,
    ) -> None:
        require_shape("user_factors", user_factors, (None, None))
        self.num_users, size = user_factors.shape
        require_shape("item_factors", item_factors, (None, size))
        self.num_items = len(item_factors)
        require_shape("user_bias", user_bias, (self.num_users,))
        require_shape("item_bias", item_bias, (self.num_items,))
        self.user_factors, self.item_factors = user_factors, item_factors
        self.user_bias, self.item_bias = user_bias, item_bias
        self.offset = offset
        for name, array in self.arrays().items():
            require_finite(name, array)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        scores = np.empty(len(users), np.float32)
        for start in range(0, len(users), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            u, i = users[part], items[part]
            products = np.einsum("nd,nd->n", self.user_factors[u], self.item_factors[i])
            scores[part] = products + self.user_bias[u] + self.item_bias[i] + np.float32(self.offset)
        return scores

    def score_block(self, users: IntArray) -> FloatArray:
        require_codes("users", users, self.num_users)
        scores: FloatArray = self.user_factors[users] @ self.item_factors.T
        scores += self.item_bias
        scores += (self.user_bias[users] + np.float32(self.offset))[:, None]
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.FIELDS}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "offset": self.offset}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> FactorScorer:
        return cls(**{name: arrays[name] for name in cls.FIELDS}, offset=float(config["offset"]))

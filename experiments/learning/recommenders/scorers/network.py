"""The hybrid network of F14 in NumPy: inner product + Dense a → b → 1 (+ biases + offset).

Written as the network is, all users against all items would cost 1.6 million rows of a (119 × 128) product on
MovieLens 100k. Two identities make it cheap:

- the first layer is linear in the concatenated inputs, so it splits into a part of the user and a part of the item,
  each computed once: x·W + b = u·Wᵤ + (i·Wᵢ + b);
- relu(a + b) = max(a, −b) + b, and what follows is linear, so the "+ b" moves to the item's side too. A tile then
  needs one maximum and one matrix product a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.scorers.errors import require_codes, require_finite, require_pairs, require_shape

_TILE_NUMBERS = 1 << 18
"""Floats of a tile of hidden values, 1 MiB: what a core's cache holds."""
_PAIRS_AT_ONCE = 16_384


class NetworkScorer:
    """See FIELDS; shapes: embeddings (n, d), features (n, columns), biases (n,), Dense kernels (in, out)."""

    KIND = "network"
    FIELDS = (
        "user_embedding",
        "item_embedding",
        "user_features",
        "item_features",
        "user_bias",
        "item_bias",
        "dense_1_kernel",
        "dense_1_bias",
        "dense_2_kernel",
        "dense_2_bias",
        "output_kernel",
        "output_bias",
    )

    user_embedding: FloatArray
    item_embedding: FloatArray
    user_features: FloatArray
    item_features: FloatArray
    user_bias: FloatArray
    item_bias: FloatArray
    dense_1_kernel: FloatArray
    dense_1_bias: FloatArray
    dense_2_kernel: FloatArray
    dense_2_bias: FloatArray
    output_kernel: FloatArray
    output_bias: FloatArray

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, offset: float) -> None:
        for name in self.FIELDS:
            require_finite(name, arrays[name])
            setattr(self, name, arrays[name])
        self.offset = offset
        self._require_shapes()
        self.num_users, self.num_items = len(self.user_embedding), len(self.item_embedding)

    def _require_shapes(self) -> None:
        require_shape("user_embedding", self.user_embedding, (None, None))
        users, size = self.user_embedding.shape
        require_shape("item_embedding", self.item_embedding, (None, size))
        items = len(self.item_embedding)
        require_shape("user_features", self.user_features, (users, None))
        require_shape("item_features", self.item_features, (items, None))
        require_shape("user_bias", self.user_bias, (users,))
        require_shape("item_bias", self.item_bias, (items,))
        inputs = 2 * size + self.item_features.shape[1] + self.user_features.shape[1]
        require_shape("dense_1_kernel", self.dense_1_kernel, (inputs, None))
        first = self.dense_1_kernel.shape[1]
        require_shape("dense_1_bias", self.dense_1_bias, (first,))
        require_shape("dense_2_kernel", self.dense_2_kernel, (first, None))
        second = self.dense_2_kernel.shape[1]
        require_shape("dense_2_bias", self.dense_2_bias, (second,))
        require_shape("output_kernel", self.output_kernel, (second, 1))
        require_shape("output_bias", self.output_bias, (1,))

    # The first layer's kernel by input, in the order in which the network concatenates them.

    @cached_property
    def _cuts(self) -> tuple[int, int, int]:
        size = self.user_embedding.shape[1]
        return size, 2 * size, 2 * size + self.item_features.shape[1]

    def _first_of_users(self, users: IntArray) -> FloatArray:
        """The user's part of the first layer, shape (n, a)."""
        size, _, features = self._cuts
        kernel = self.dense_1_kernel
        part: FloatArray = self.user_embedding[users] @ kernel[:size]
        if self.user_features.shape[1]:
            part += self.user_features[users] @ kernel[features:]
        return part

    @cached_property
    def _first_of_items(self) -> FloatArray:
        """The item's part of the first layer, its bias included, shape (num_items, a)."""
        size, twice, features = self._cuts
        kernel = self.dense_1_kernel
        part: FloatArray = self.item_embedding @ kernel[size:twice]
        part += self.item_features @ kernel[twice:features]
        part += self.dense_1_bias
        return part

    @cached_property
    def _minus_first_of_items(self) -> FloatArray:
        return -self._first_of_items

    @cached_property
    def _minus_second_of_items(self) -> FloatArray:
        return -self._second_of_items

    @cached_property
    def _second_of_items(self) -> FloatArray:
        """What the item's part adds to the second layer once its relu is written as a maximum, shape (num_items, b)."""
        part: FloatArray = self._first_of_items @ self.dense_2_kernel
        part += self.dense_2_bias
        return part

    @cached_property
    def _level_of_items(self) -> FloatArray:
        """Everything of the output that depends on the item alone, shape (num_items,)."""
        level: FloatArray = (self._second_of_items @ self.output_kernel)[:, 0]
        level += self.output_bias[0] + np.float32(self.offset)
        level += self.item_bias
        return level

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        scores = np.empty(len(users), np.float32)
        for start in range(0, len(users), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            scores[part] = self._pairs(users[part], items[part])
        return scores

    def _pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        hidden = np.maximum(self._first_of_users(users) + self._first_of_items[items], 0)
        hidden = np.maximum(hidden @ self.dense_2_kernel + self.dense_2_bias, 0)
        scores: FloatArray = (hidden @ self.output_kernel)[:, 0] + self.output_bias[0] + np.float32(self.offset)
        scores += np.einsum("nd,nd->n", self.user_embedding[users], self.item_embedding[items])
        scores += self.user_bias[users] + self.item_bias[items]
        return scores

    def score_block(self, users: IntArray) -> FloatArray:
        """Memory besides the answer: two tiles of about 1 MiB, whatever the numbers of users and items."""
        require_codes("users", users, self.num_users)
        scores: FloatArray = self.user_embedding[users] @ self.item_embedding.T
        scores += self._level_of_items
        scores += self.user_bias[users][:, None]
        with one_thread():
            self._add_tower(users, scores)
        return scores

    def _add_tower(self, users: IntArray, scores: FloatArray) -> None:
        """Adds what depends on user and item together, tile by tile of a few users by many items.

        All tiles of a call share two buffers: a new MiB a tile costs more in page faults than what is computed in it.
        """
        first, second = self.dense_2_kernel.shape
        items_at_once = max(1, min(self.num_items, _TILE_NUMBERS // max(first, second)))
        users_at_once = max(1, min(len(users), _TILE_NUMBERS // (items_at_once * max(first, second))))
        of_users = self._first_of_users(users)
        minus_first, minus_second = self._minus_first_of_items, self._minus_second_of_items
        weights = self.output_kernel[:, 0]
        rows = users_at_once * items_at_once
        hidden_rows, deeper_rows = np.empty((rows, first), np.float32), np.empty((rows, second), np.float32)
        for u in range(0, len(users), users_at_once):
            block = of_users[u : u + users_at_once, None, :]
            for i in range(0, self.num_items, items_at_once):
                part = slice(i, i + items_at_once)
                shape = len(block), len(minus_first[part])
                hidden, deeper = hidden_rows[: shape[0] * shape[1]], deeper_rows[: shape[0] * shape[1]]
                np.maximum(block, minus_first[None, part], out=hidden.reshape(*shape, first))
                np.matmul(hidden, self.dense_2_kernel, out=deeper)
                tile = deeper.reshape(*shape, second)
                np.maximum(tile, minus_second[None, part], out=tile)
                scores[u : u + users_at_once, part] += tile @ weights

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.FIELDS}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "offset": self.offset}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> NetworkScorer:
        return cls(arrays, offset=float(config["offset"]))

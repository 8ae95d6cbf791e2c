"""Item neighbours: a weighted mean of what the user gave to similar items, or a sum of similarities."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import require_codes, require_finite, require_pairs, require_shape
from experiments.learning.recommenders.scorers.histories import Histories, pairs_from_blocks


class NeighbourScorer:
    """Neighbours and histories as flat arrays; histories as in :class:`Histories`.

    ``neighbour_item``, ``neighbour_weight``: shape (num_items, k), weight 0 where an item has fewer neighbours.
    ``averaged``: True → offset + biases + Σ w·value / (Σ |w| + damping); False → Σ w·value.
    """

    KIND = "neighbours"
    OWN_FIELDS = ("neighbour_item", "neighbour_weight", "user_bias", "item_bias")
    FIELDS = (*OWN_FIELDS, *Histories.FIELDS)

    neighbour_item: IntArray
    neighbour_weight: FloatArray
    user_bias: FloatArray
    item_bias: FloatArray

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, averaged: bool, offset: float, damping: float) -> None:
        for name in self.OWN_FIELDS:
            require_finite(name, arrays[name])
            setattr(self, name, arrays[name])
        self.averaged, self.offset, self.damping = averaged, offset, damping
        require_shape("neighbour_item", self.neighbour_item, (None, None))
        self.num_items = len(self.neighbour_item)
        require_shape("neighbour_weight", self.neighbour_weight, self.neighbour_item.shape)
        require_codes("neighbour_item", self.neighbour_item.ravel(), self.num_items)
        self.histories = Histories(arrays, width=self.num_items)
        self.num_users = self.histories.num_users
        require_shape("user_bias", self.user_bias, (self.num_users,))
        require_shape("item_bias", self.item_bias, (self.num_items,))

    @cached_property
    def _weights(self) -> sparse.csr_array:
        """Shape (num_items, num_items): how much the history item of the row counts for the item of the column."""
        items, k = self.neighbour_item.shape
        starts = np.arange(items + 1, dtype=np.int64) * k
        by_target = sparse.csr_array(
            (self.neighbour_weight.ravel(), self.neighbour_item.ravel(), starts), shape=(items, items)
        )
        return by_target.T.tocsr()

    @cached_property
    def _magnitudes(self) -> sparse.csr_array:
        return abs(self._weights)

    def score_block(self, users: IntArray) -> FloatArray:
        require_codes("users", users, self.num_users)
        history = self.histories.rows(users)
        scores: FloatArray = (history @ self._weights).toarray().astype(np.float32, copy=False)
        if not self.averaged:
            return scores
        history.data = np.ones_like(history.data)
        total = (history @ self._magnitudes).toarray() + np.float32(self.damping)
        np.divide(scores, total, out=scores, where=total > 0)
        scores += self.item_bias
        scores += (self.user_bias[users] + np.float32(self.offset))[:, None]
        return scores

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        return pairs_from_blocks(self.score_block, users, items, self.num_items)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.OWN_FIELDS} | self.histories.arrays()

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "averaged": self.averaged, "offset": self.offset, "damping": self.damping}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> NeighbourScorer:
        return cls(
            arrays,
            averaged=bool(config["averaged"]),
            offset=float(config["offset"]),
            damping=float(config["damping"]),
        )

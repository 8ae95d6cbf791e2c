"""Item neighbours: a weighted mean of what the user gave to similar items, or a sum of similarities."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import (
    ScorerError,
    require_codes,
    require_finite,
    require_pairs,
    require_shape,
)

_NUMBERS_AT_ONCE = 1 << 22
"""Floats of a block of dense scores made on the way to scores of pairs, 16 MiB."""


class NeighbourScorer:
    """Neighbours and histories as flat arrays.

    ``neighbour_item``, ``neighbour_weight``: shape (num_items, k), weight 0 where an item has fewer neighbours.
    ``history_start`` (num_users + 1,), ``history_item``, ``history_value`` (n,): what each user did, CSR.
    ``averaged``: True → offset + biases + Σ w·value / (Σ |w| + damping); False → Σ w·value.
    """

    KIND = "neighbours"
    FIELDS = (
        "neighbour_item",
        "neighbour_weight",
        "history_start",
        "history_item",
        "history_value",
        "user_bias",
        "item_bias",
    )

    neighbour_item: IntArray
    neighbour_weight: FloatArray
    history_start: NDArray[np.int64]
    history_item: IntArray
    history_value: FloatArray
    user_bias: FloatArray
    item_bias: FloatArray

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, averaged: bool, offset: float, damping: float) -> None:
        for name in self.FIELDS:
            require_finite(name, arrays[name])
            setattr(self, name, arrays[name])
        self.averaged, self.offset, self.damping = averaged, offset, damping
        require_shape("neighbour_item", self.neighbour_item, (None, None))
        self.num_items = len(self.neighbour_item)
        self._require_shapes()

    def _require_shapes(self) -> None:
        require_shape("neighbour_weight", self.neighbour_weight, self.neighbour_item.shape)
        require_codes("neighbour_item", self.neighbour_item.ravel(), self.num_items)
        require_shape("history_start", self.history_start, (None,))
        self.num_users = len(self.history_start) - 1
        if self.num_users < 0 or self.history_start[0] != 0 or (np.diff(self.history_start) < 0).any():
            raise ScorerError("history_start falls or does not start at 0; accepted: 0 and then non-falling positions.")
        total = int(self.history_start[-1])
        require_shape("history_item", self.history_item, (total,))
        require_shape("history_value", self.history_value, (total,))
        require_codes("history_item", self.history_item, self.num_items)
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
        history = self._history(users)
        scores: FloatArray = (history @ self._weights).toarray().astype(np.float32, copy=False)
        if not self.averaged:
            return scores
        history.data = np.ones_like(history.data)
        total = (history @ self._magnitudes).toarray() + np.float32(self.damping)
        np.divide(scores, total, out=scores, where=total > 0)
        scores += self.item_bias
        scores += (self.user_bias[users] + np.float32(self.offset))[:, None]
        return scores

    def _history(self, users: IntArray) -> sparse.csr_array:
        """Rows of these users, shape (len(users), num_items)."""
        lengths = np.diff(self.history_start)[users]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.history_start[users] - starts[:-1], lengths) + np.arange(starts[-1])
        return sparse.csr_array(
            (self.history_value[at], self.history_item[at], starts), shape=(len(users), self.num_items)
        )

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        distinct, row = np.unique(users, return_inverse=True)
        order = np.argsort(row, kind="stable")
        scores = np.empty(len(users), np.float32)
        at_once = max(1, _NUMBERS_AT_ONCE // self.num_items)
        for start in range(0, len(distinct), at_once):
            stop = min(start + at_once, len(distinct))
            part = order[np.searchsorted(row, start, sorter=order) : np.searchsorted(row, stop, sorter=order)]
            scores[part] = self.score_block(distinct[start:stop])[row[part] - start, items[part]]
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.FIELDS}

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

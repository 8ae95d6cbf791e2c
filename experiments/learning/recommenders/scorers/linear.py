"""A sum of item weights over what the user did: one row of the history times a dense matrix."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.compact import product, weighted
from experiments.learning.recommenders.scorers.errors import (
    ScorerError,
    require_codes,
    require_finite,
    require_pairs,
    require_shape,
)
from experiments.learning.recommenders.scorers.histories import Histories, pairs_from_blocks


class LinearScorer:
    """``items`` (m,): ascending codes of the items that have weights; ``weights`` (m, m): from row to column.

    Histories as in :class:`Histories`, whose items are places in ``items``. Items without weights score 0, which is
    "nothing is known"; users without a history get the scores of the average history.
    """

    KIND = "linear"
    FIELDS = ("items", "weights", *Histories.FIELDS)

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, num_items: int) -> None:
        self.items: IntArray = arrays["items"]
        self.weights: FloatArray = arrays["weights"]
        self.num_items = num_items
        require_shape("items", self.items, (None,))
        require_codes("items", self.items, num_items)
        if (np.diff(self.items) <= 0).any():
            raise ScorerError("items do not ascend; accepted: each code once, in ascending order.")
        require_finite("weights", self.weights)
        require_shape("weights", self.weights, (len(self.items), len(self.items)))
        self.histories = Histories(arrays, width=len(self.items))
        self.num_users = self.histories.num_users

    @cached_property
    def _average(self) -> FloatArray:
        """Scores of the average history, shape (m,)."""
        return weighted(self.histories.mean(), self.weights)

    def score_block(self, users: IntArray) -> FloatArray:
        require_codes("users", users, self.num_users)
        scores = np.zeros((len(users), self.num_items), np.float32)
        scores[:, self.items] = product(self.histories.rows(users), self.weights)
        cold = np.flatnonzero(self.histories.lengths(users) == 0)
        scores[np.ix_(cold, self.items)] = self._average
        return scores

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        return pairs_from_blocks(self.score_block, users, items, self.num_items)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"items": self.items, "weights": self.weights, **self.histories.arrays()}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "num_items": self.num_items}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> LinearScorer:
        return cls(arrays, num_items=int(config["num_items"]))

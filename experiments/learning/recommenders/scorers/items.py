"""One score an item, the same for every user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import require_codes, require_finite, require_pairs, require_shape


class ItemScorer:
    """``scores``: shape (num_items,)."""

    KIND = "items"

    def __init__(self, scores: FloatArray, *, num_users: int) -> None:
        require_shape("scores", scores, (None,))
        require_finite("scores", scores)
        self.scores = scores
        self.num_users = num_users
        self.num_items = len(scores)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        require_pairs(users, items, self.num_users, self.num_items)
        return self.scores[items]

    def score_block(self, users: IntArray) -> FloatArray:
        require_codes("users", users, self.num_users)
        return np.tile(self.scores, (len(users), 1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"scores": self.scores}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "num_users": self.num_users}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> ItemScorer:
        return cls(arrays["scores"], num_users=int(config["num_users"]))

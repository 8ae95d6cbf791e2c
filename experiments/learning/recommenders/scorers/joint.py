"""A model with two answers: ratings for pairs, a ranking of its own for lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.network import NetworkScorer

_RANKING = "ranking_"


class JointScorer:
    """``score_pairs`` answers with ``rating``, ``score_block`` with ``ranking``; its config says ``ranks_apart``."""

    KIND = "joint"

    def __init__(self, rating: NetworkScorer, ranking: FactorScorer) -> None:
        ours, theirs = (rating.num_users, rating.num_items), (ranking.num_users, ranking.num_items)
        if ours != theirs:
            raise ScorerError(f"ranking is of {theirs} users and items; accepted: {ours}, as the rating part.")
        self.rating, self.ranking = rating, ranking
        self.num_users, self.num_items = ours

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        return self.rating.score_pairs(users, items)

    def score_block(self, users: IntArray) -> FloatArray:
        return self.ranking.score_block(users)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.rating.arrays() | {f"{_RANKING}{name}": array for name, array in self.ranking.arrays().items()}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "offset": self.rating.offset, "ranks_apart": True}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> JointScorer:
        ranking = {name: arrays[f"{_RANKING}{name}"] for name in FactorScorer.FIELDS}
        return cls(NetworkScorer.load(arrays, config), FactorScorer(**ranking, offset=0.0))

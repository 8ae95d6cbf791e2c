"""A trained recommender asked about another dataset: users and items are found by their id, others are cold.

Codes are positions in one dataset, so a stored model knows its users and items by the codes of the data that it
learnt from. A user it never met gets the mean scores of the users it knows; an item it never met cannot be placed, so
it comes last in every list and is given the mean prediction where a rating is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray, Interactions
from experiments.learning.recommenders.base import Scorer, ranks_apart

AVERAGED_USERS = 1024
"""The average user is made of at most so many, evenly spaced over the codes."""
UNKNOWN = -1


def codes_in(ids: NDArray[np.str_], known: NDArray[np.str_]) -> IntArray:
    """Position of each id among ``known`` (sorted), UNKNOWN where it is not there; shape (len(ids),)."""
    if not len(known):
        return np.full(len(ids), UNKNOWN, np.int32)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[place] == ids, place, UNKNOWN).astype(np.int32)


@dataclass
class MappedScorer:
    """Scores in the codes of ``asked`` from a model that learnt from ``learnt``."""

    scorer: Scorer
    users: IntArray
    """Code in the model of each user of the data, UNKNOWN for cold ones; shape (num_users,)."""
    items: IntArray
    warm_users: IntArray
    """Codes that the model has learnt from, of which the average user is made."""
    _average: FloatArray | None = field(default=None, init=False)
    _average_pairs: FloatArray | None = field(default=None, init=False)

    @classmethod
    def of(
        cls, scorer: Scorer, learnt: Interactions, asked: Interactions, trained_rows: NDArray[np.int64]
    ) -> MappedScorer:
        """``trained_rows``: rows of ``learnt`` that the model was trained on; users outside them are cold."""
        warm = np.unique(learnt.user[trained_rows]).astype(np.int32)
        seen_items = np.unique(learnt.item[trained_rows])
        users = _only(codes_in(asked.user_ids, learnt.user_ids), warm, learnt.num_users)
        items = _only(codes_in(asked.item_ids, learnt.item_ids), seen_items, learnt.num_items)
        return cls(scorer, users, items, warm)

    @property
    def cold_users(self) -> NDArray[np.bool_]:
        return np.asarray(self.users == UNKNOWN)

    @property
    def cold_items(self) -> NDArray[np.bool_]:
        return np.asarray(self.items == UNKNOWN)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        mine, theirs = self.users[users], self.items[items]
        average = self._average_answers()
        known_item = theirs != UNKNOWN
        known = (mine != UNKNOWN) & known_item
        scores = np.full(len(users), np.float32(average.mean() if len(average) else 0.0))
        scores[known_item] = average[theirs[known_item]]
        scores[known] = self.scorer.score_pairs(mine[known], theirs[known])
        return scores

    def score_block(self, users: IntArray) -> FloatArray:
        mine = self.users[users]
        known = mine != UNKNOWN
        whole = np.tile(self._average_scores(), (len(users), 1))
        if known.any():
            whole[known] = self.scorer.score_block(mine[known])
        placed = self.items != UNKNOWN
        lowest = whole.min(axis=1, keepdims=True) - 1 if whole.shape[1] else np.zeros((len(users), 1))
        found = np.repeat(lowest, len(self.items), axis=1).astype(np.float32)
        found[:, placed] = whole[:, self.items[placed]]
        return found

    def _average_scores(self) -> FloatArray:
        """Mean score of each of the model's items over its users, shape (items of the model,)."""
        if self._average is None:
            some = self._some_users()
            self._average = self.scorer.score_block(some).astype(np.float64).mean(axis=0).astype(np.float32)
        return self._average

    def _average_answers(self) -> FloatArray:
        """The same of what pairs are answered with: ratings, where lists are ranked by something else."""
        if not ranks_apart(self.scorer):
            return self._average_scores()
        if self._average_pairs is None:
            users = self._some_users()
            items = np.arange(self._average_scores().shape[0], dtype=np.int32)
            total = np.zeros(len(items))
            for user in users:
                total += self.scorer.score_pairs(np.full(len(items), user, np.int32), items)
            self._average_pairs = (total / max(len(users), 1)).astype(np.float32)
        return self._average_pairs

    def _some_users(self) -> IntArray:
        """At most AVERAGED_USERS of those the model knows."""
        count = min(AVERAGED_USERS, len(self.warm_users))
        places = np.linspace(0, len(self.warm_users) - 1, count).astype(np.int64)
        some: IntArray = self.warm_users[np.unique(places)]
        return some

    def arrays(self) -> dict[str, NDArray[Any]]:
        raise TypeError("A mapped scorer is made for one evaluation and never stored.")

    def config(self) -> dict[str, Any]:
        raise TypeError("A mapped scorer is made for one evaluation and never stored.")


def _only(codes: IntArray, warm: NDArray[Any], size: int) -> IntArray:
    """Codes that training did not meet become UNKNOWN."""
    met = np.zeros(size + 1, np.bool_)
    met[warm] = True
    return np.where(met[codes], codes, UNKNOWN).astype(np.int32)  # UNKNOWN is the last place, which is never met

"""The order in which held-out interactions become requests for lists, and what each user really wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import Interactions
from mlopspro.serving.replay.requests import ListRequest

Truth = Literal["whole", "later"]
"""``whole``: any held-out item of the user is wanted at any time. ``later``: only those that are still to come; quality
then falls towards the end of a replay by itself, as there is less and less to come."""


class ListPlan:
    """One request a held-out interaction, in time order; data without times in the order of its rows, a second apart.

    Numbers beyond the last start again from the beginning, a span of time later.
    """

    tables = False

    def __init__(
        self,
        interactions: Interactions,
        learnt: NDArray[np.int64],
        held_out: NDArray[np.int64],
        *,
        truth: Truth = "whole",
    ) -> None:
        if not len(held_out):
            raise ValueError("there are no held-out interactions to replay; accepted: a split with a test part")
        self.interactions, self.learnt, self.truth = interactions, learnt, truth
        moments = interactions.timestamp
        seconds = np.arange(len(held_out)) if moments is None else moments[held_out]
        order = np.argsort(seconds, kind="stable")
        self.rows = held_out[order]
        self.seconds = np.asarray(seconds[order] - seconds[order][0], dtype=np.float64)
        self._wanted = lru_cache(4096)(self._wanted_by)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def span(self) -> float:
        """Seconds from the first request to the last."""
        return float(self.seconds[-1])

    def request(self, number: int) -> ListRequest:
        round_, place = divmod(number, len(self))
        offset = self.seconds[place] + round_ * (self.span + 1)
        user = int(self.interactions.user[self.rows[place]])
        return ListRequest(number, float(offset), str(self.interactions.user_ids[user]), self.wanted(user, place))

    def wanted(self, user: int, place: int = 0) -> Mapping[str, float]:
        """Identifier → value of what a user (a code) wants when the request at this place of the plan is made."""
        return self._wanted(user, self.seconds[place] if self.truth == "later" else 0.0)

    def _wanted_by(self, user: int, since: float) -> Mapping[str, float]:
        first, last = np.searchsorted(self._users_sorted, [user, user + 1])
        places = self._by_user[first:last]
        rows = self.rows[places[self.seconds[places] >= since]]
        items, values = self.interactions.item[rows], self.interactions.value[rows]
        names = self.interactions.item_ids
        return {str(names[item]): float(value) for item, value in zip(items, values, strict=True)}

    @cached_property
    def _by_user(self) -> NDArray[np.int64]:
        return np.argsort(self.interactions.user[self.rows], kind="stable")

    @cached_property
    def _users_sorted(self) -> NDArray[np.int32]:
        return self.interactions.user[self.rows][self._by_user]

    @cached_property
    def users(self) -> NDArray[np.int64]:
        """Codes of the users who ask, ascending."""
        return np.unique(self.interactions.user[self.rows]).astype(np.int64)

    @cached_property
    def new_share(self) -> float:
        """Share of the plan's requests by users of whom the model has learnt nothing."""
        known = np.zeros(self.interactions.num_users, bool)
        known[self.interactions.user[self.learnt]] = True
        return float(np.mean(~known[self.interactions.user[self.rows]]))

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """Learnt interactions of each item, shape (num_items,)."""
        return np.bincount(self.interactions.item[self.learnt], minlength=self.interactions.num_items)

    @cached_property
    def codes(self) -> Mapping[str, int]:
        return {str(name): code for code, name in enumerate(self.interactions.item_ids)}

    @cached_property
    def user_codes(self) -> Mapping[str, int]:
        return {str(name): code for code, name in enumerate(self.interactions.user_ids)}

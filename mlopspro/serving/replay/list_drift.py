"""Drift of who asks and of what they want."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlopspro.serving.replay.chance import generator, share_of
from mlopspro.serving.replay.drift import Drift, Kind
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.requests import ListRequest

LEAST_NEW_SHARE = 0.05
"""What "doubled" doubles where the plan has fewer new users; a random split has none."""


class ListDrift:
    """Applies drifts to the requests of one plan. Deterministic by the seed and the request's number or user."""

    def __init__(self, plan: ListPlan, seed: int) -> None:
        self.plan, self.seed = plan, seed
        self._elsewhere = lru_cache(4096)(self._items_elsewhere)

    def apply(self, drift: Drift, request: ListRequest) -> ListRequest | None:
        """The drifted request, or None where this drift leaves it as it is."""
        if drift.kind is Kind.NEW_USERS:
            return self._new_user(drift, request)
        if drift.kind is Kind.POPULARITY_REVERSED:
            return self._reversed(drift, request)
        if drift.kind is Kind.TASTE_SHIFT:
            return self._other_taste(drift, request)
        return None

    def _new_user(self, drift: Drift, request: ListRequest) -> ListRequest | None:
        """The same wishes under a name that nobody has heard."""
        base = self.plan.new_share
        wanted = min(1.0, drift.strength * max(base, LEAST_NEW_SHARE))
        chance = (wanted - base) / (1 - base) if base < 1 else 0.0
        if generator(self.seed, "new user", request.number).random() >= chance:
            return None
        return replace(request, user=f"new-{request.user}-{request.number}")

    def _reversed(self, drift: Drift, request: ListRequest) -> ListRequest | None:
        user = self.plan.user_codes.get(request.user)
        if user is None or generator(self.seed, "reversed", request.number).random() >= drift.strength:
            return None
        order, place = self._users_by_taste
        other = int(order[len(order) - 1 - place[user]])
        names = self.plan.interactions.item_ids
        wanted = {
            str(names[self._mirrored[self.plan.codes[item]]]): value
            for item, value in self.plan.wanted(other, request.number % len(self.plan)).items()
        }
        return replace(request, user=str(self.plan.interactions.user_ids[other]), wanted=wanted)

    def _other_taste(self, drift: Drift, request: ListRequest) -> ListRequest | None:
        if share_of(self.seed, "taste", request.user) >= drift.strength:
            return None
        items = self._elsewhere(tuple(sorted(self.plan.codes[item] for item in request.wanted)), request.user)
        names = self.plan.interactions.item_ids
        values = list(request.wanted.values())
        return replace(request, wanted={str(names[item]): value for item, value in zip(items, values, strict=False)})

    def _items_elsewhere(self, wanted: tuple[int, ...], user: str) -> NDArray[np.int64]:
        """As many items without a genre in common with those wanted, where there are such; always others than these."""
        genres = self._genres
        free = np.ones(self.plan.interactions.num_items, bool)
        free[list(wanted)] = False
        if genres is not None:
            shared = (genres[list(wanted)].sum(axis=0) @ genres.T) if wanted else np.zeros(len(free))
            # Users of many wishes touch every genre: then those that share the least.
            candidates = np.flatnonzero(free)
            free[candidates[shared[candidates] > np.quantile(shared[candidates], 0.25)]] = False
        candidates = np.flatnonzero(free)
        count = min(len(wanted), len(candidates))
        return generator(self.seed, f"taste of {user}").choice(candidates, count, replace=False)

    @property
    def _genres(self) -> NDArray[np.float64] | None:
        return _genres_of(self.plan)

    @property
    def _mirrored(self) -> NDArray[np.int64]:
        return _mirrored(self.plan)

    @property
    def _users_by_taste(self) -> tuple[NDArray[np.int64], dict[int, int]]:
        return _users_by_taste(self.plan)


@lru_cache(8)
def _genres_of(plan: ListPlan) -> NDArray[np.float64] | None:
    """Which item has which kind, shape (num_items, kinds), by the first column of lists; None without such a column."""
    items = plan.interactions.items
    if items is None:
        return None
    for name in items.columns:
        cells = [cell if isinstance(cell, list | tuple | np.ndarray) else None for cell in items[name]]
        if all(cell is None for cell in cells):
            continue
        kinds = {
            kind: place
            for place, kind in enumerate(sorted({str(k) for cell in cells if cell is not None for k in cell}))
        }
        found = np.zeros((len(cells), len(kinds)))
        for row, cell in enumerate(cells):
            for kind in cell if cell is not None else ():
                found[row, kinds[str(kind)]] = 1.0
        return found
    return None


@lru_cache(8)
def _mirrored(plan: ListPlan) -> NDArray[np.int64]:
    """Of each item the one at the same place from the other end of popularity."""
    order = np.argsort(-plan.popularity, kind="stable")
    other = np.empty(len(order), np.int64)
    other[order] = order[::-1]
    return other


@lru_cache(8)
def _users_by_taste(plan: ListPlan) -> tuple[NDArray[np.int64], dict[int, int]]:
    """(users who ask, those who like the most popular first; place of each)."""
    data, learnt = plan.interactions, plan.learnt
    total = np.bincount(data.user[learnt], plan.popularity[data.item[learnt]], data.num_users)
    count = np.maximum(np.bincount(data.user[learnt], minlength=data.num_users), 1)
    order = plan.users[np.argsort(-(total / count)[plan.users], kind="stable")]
    return order, {int(user): place for place, user in enumerate(order)}

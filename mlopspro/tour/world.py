"""The people of the tour: they want films, rate what they are shown, find some by themselves, and one day change.

The tastes behind the synthetic dataset (docs/synthetic-data.md) go on from where its ratings end, so what a model
learnt from it is right until the change. Then a trend begins: films that hardly anybody had rated are what most people
want. Nothing here knows a model or a database; what people want is decided by the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data import synthetic
from experiments.learning.data.interactions import Interactions

WANTED = 30
"""Films that a person wants at a time and has not rated yet."""
FINDS = 6
"""Films of them that a person comes to without us on each visit: friends, posters, search."""
ANSWERS = 0.8
"""Chance that a film which is shown and wanted gets a rating."""
SKIPS = 0.3
"""Chance that one which is shown and not wanted is passed over visibly."""
TREND_SHARE = 0.3
TREND = 4.0
"""So many of the least rated films, and by how much people come to like them (a genre's taste has the deviation 1)."""
TASTE = 1.5
"""How much a person's taste for genres counts beside what everybody likes, before and after."""
LIKED = 5.0


class Season(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Seen:
    """What a person thought of one film of a visit; ``rating`` is None where it was passed over."""

    item: str
    rating: float | None


@dataclass(frozen=True)
class Visit:
    """Who comes for the ``number``-th time anybody does."""

    number: int
    user: int
    name: str


@dataclass(frozen=True)
class World:
    """``users`` and ``items`` are those of ``synthetic.generate`` with the same numbers and seed."""

    users: int = 200
    items: int = 300
    ratings: int = 7_000
    seed: int = 0

    @cached_property
    def data(self) -> Interactions:
        """What the product is given to learn from."""
        return synthetic.generate(self.seed, self.users, self.items, self.ratings)

    def visit(self, number: int) -> Visit:
        user = int(np.random.default_rng((self.seed, 1, number)).integers(self.users))
        return Visit(number, user, str(self.data.user_ids[user]))

    def reactions(self, visit: Visit, shown: Sequence[str], season: Season) -> list[Seen]:
        """What comes back of a list, best place first, and what the person found without it."""
        random = np.random.default_rng((self.seed, 2, visit.number))
        wanted = self._wanted[season][visit.user]
        names = {str(self.data.item_ids[item]) for item in wanted}
        draws = random.random(len(shown))
        found = [
            Seen(item, LIKED if item in names else None)
            for item, draw in zip(shown, draws, strict=True)
            if draw < (ANSWERS if item in names else SKIPS)
        ]
        own = random.choice(wanted, FINDS, replace=False, p=self._chances(visit.user, season))
        return found + [Seen(name, LIKED) for item in own if (name := str(self.data.item_ids[item])) not in shown]

    @property
    def trend(self) -> NDArray[np.int64]:
        """Codes of the films that people come to want."""
        rated = np.bincount(self.data.item, minlength=self.items)
        return np.argsort(rated, kind="stable")[: round(TREND_SHARE * self.items)]

    @cached_property
    def _liking(self) -> dict[Season, NDArray[np.float64]]:
        """(users, items): how much each would like each film; of films rated already -inf."""
        truth = synthetic.nature(self.seed, self.users, self.items)
        own = 0.3 * np.random.default_rng((self.seed, 3)).gumbel(size=(self.users, self.items))
        before = 0.5 * truth.appeal + 0.6 * truth.quality + TASTE * truth.affinity + own
        before[self.data.user, self.data.item] = -np.inf
        after = before.copy()
        after[:, self.trend] += TREND
        return {Season.BEFORE: before, Season.AFTER: after}

    @cached_property
    def _wanted(self) -> dict[Season, NDArray[np.int64]]:
        """(users, WANTED): codes of the films each wants, the most first."""
        return {
            season: np.argsort(-liking, axis=1, kind="stable")[:, :WANTED] for season, liking in self._liking.items()
        }

    def _chances(self, user: int, season: Season) -> NDArray[np.float64]:
        liking = self._liking[season][user, self._wanted[season][user]]
        weights = np.exp(liking - liking.max())
        return np.asarray(weights / weights.sum(), np.float64)

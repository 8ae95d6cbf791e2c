"""A version says what it would have shown where the champion's lists are logged (monitoring's port ``own_choices``).

Made of the rankings that answer the world, so a list that was logged is made again item by item. A user's ranking is
made once, however often the user came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.models import ModelVersion
from experiments.services import serving_files
from mlopspro.serving.exploration import EXPLORED
from mlopspro.serving.lists import ranking_of
from mlopspro.serving.own_answers import served
from mlopspro.serving.versions import CannotLoad, Recommender
from monitoring.services.own_choices import CannotChoose, Choice, Drawn


def choices(champion: ModelVersion, other: ModelVersion, drawn: Sequence[Drawn]) -> Iterator[Choice | None]:
    """One for each drawn list. Raises CannotChoose."""
    first, second = _recommender(champion), _recommender(other)
    depth = max((len(one.fixed) for one in drawn), default=0) + EXPLORED
    pair = _Pair(first, second, depth)
    try:
        for one in drawn:
            yield pair.choice(one)
    except ScorerError as error:
        raise CannotChoose(str(error)) from error


def lists(version: ModelVersion, asked: Sequence[tuple[str, int]]) -> Iterator[frozenset[str]]:
    """The items of each user's list of n. Raises CannotChoose."""
    model = _recommender(version)
    deepest: dict[str, int] = {}
    for user, n in asked:
        deepest[user] = max(n, deepest.get(user, 0))
    made: dict[str, list[str]] = {}
    try:
        for user, n in asked:
            if user not in made:
                made[user] = _ids(model, ranking_of(model, user, deepest[user]).codes)
            yield frozenset(made[user][:n])
    except ScorerError as error:
        raise CannotChoose(str(error)) from error


@dataclass
class _Pair:
    """The champion and the other version; ``depth``: how deep the champion's rankings are."""

    first: Recommender
    second: Recommender
    depth: int

    def __post_init__(self) -> None:
        self._rankings: dict[str, tuple[list[str], NDArray[np.int64]]] = {}
        self._chosen: dict[tuple[str, int], int | None] = {}

    @cached_property
    def _codes(self) -> NDArray[np.int64]:
        """The other's code of each item of the champion, -1 of those it does not know."""
        theirs = {item: code for code, item in enumerate(self.second.catalogue.item_ids)}
        return np.array([theirs.get(item, -1) for item in self.first.catalogue.item_ids], np.int64)

    def choice(self, one: Drawn) -> Choice | None:
        own = len(one.fixed)
        items, _ = self._ranking(one.user)
        candidates = items[own : own + EXPLORED]
        if tuple(items[:own]) != one.fixed or one.last not in candidates:
            return None
        if (one.user, own) not in self._chosen:
            self._chosen[one.user, own] = self._best(one.user, own)
        return Choice(candidates.index(one.last), self._chosen[one.user, own])

    def _ranking(self, user: str) -> tuple[list[str], NDArray[np.int64]]:
        """Ids of the champion's ranking, and the other's codes of them."""
        if user not in self._rankings:
            codes = ranking_of(self.first, user, self.depth).codes
            self._rankings[user] = _ids(self.first, codes), self._codes[codes]
        return self._rankings[user]

    def _best(self, user: str, own: int) -> int | None:
        """The place of the candidate that the other scores highest, the champion's order among equals."""
        codes = self._ranking(user)[1][own : own + EXPLORED]
        scores = np.full(len(codes), -np.inf)
        known = codes >= 0
        scores[known] = _scores(self.second, user)[codes[known]]
        best = int(np.argmax(scores)) if len(scores) else -1
        return best if best >= 0 and np.isfinite(scores[best]) else None


def _scores(model: Recommender, user_id: str) -> NDArray[np.float64]:
    """Of every item; -inf of what the user has seen. Of users the version does not know: numbers of users."""
    catalogue = model.catalogue
    user = catalogue.user_ids.find(user_id)
    if user is None or not catalogue.history[user]:
        scores = np.empty(catalogue.num_items)
        scores[catalogue.popular] = catalogue.popular_users
    else:
        scores = model.scorer.score_block(np.array([user], np.int32))[0].astype(np.float64)
    if user is not None:
        scores[catalogue.seen(user)] = -np.inf
    return scores


def _ids(model: Recommender, codes: NDArray[np.int32]) -> list[str]:
    ids = model.catalogue.item_ids
    return [ids[code] for code in codes.tolist()]


def _recommender(version: ModelVersion) -> Recommender:
    try:
        found = served(version).recommender
    except (CannotLoad, serving_files.CannotPrepare, ValueError, OSError) as error:
        raise CannotChoose(f"{version.number} cannot be loaded: {error}") from error
    if found is None:
        raise CannotChoose(f"{version.number} is no recommender; only lists have places to choose for.")
    return found

"""A user's list from one loaded recommender: one product of matrices, the best n, and where asked the reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.nearest import nearest_liked
from experiments.learning.explain.recommender import split_scores
from experiments.learning.recommenders.scorers.errors import ScorerError
from mlopspro.serving.versions import Recommender

NEAREST = 3


@dataclass(frozen=True)
class Because:
    """An item of the user's history and what it adds to the score."""

    item: str
    title: str | None
    value: float


@dataclass(frozen=True)
class Reasons:
    """``parts``: (key, kind, label, value), which sum to the score within 1e-5."""

    parts: tuple[tuple[str, str, str, float], ...]
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedItem:
    """``title`` is None where the data has none; ``reasons`` where none were asked for or there are none."""

    item: str
    title: str | None
    score: float
    reasons: Reasons | None = None


@dataclass(frozen=True)
class UserList:
    """``history``: interactions of the user that the version learnt from; None for a user it never heard of.

    ``confidence``: the rating predicted for the first item, from 0 (lowest) to 1; None where scores are no ratings.
    ``no_reasons``: why there are none although they were asked for.
    """

    items: tuple[RankedItem, ...]
    known: bool
    fallback: bool
    history: int | None
    confidence: float | None
    no_reasons: str = ""
    codes: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))


@dataclass(frozen=True)
class Ranking:
    """A user's best unseen items before it is said which of them are shown: codes and scores, best first, (k,) each.

    ``user`` is the user's code, None where nobody knows him; of a ``fallback`` scores are numbers of users.
    """

    user: int | None
    history: int | None
    fallback: bool
    codes: NDArray[np.int32]
    scores: NDArray[np.floating[Any]]

    def at(self, places: Sequence[int]) -> Ranking:
        """Only what stands at these places, in this order."""
        chosen = np.asarray(places, np.int64)
        return Ranking(self.user, self.history, self.fallback, self.codes[chosen], self.scores[chosen])


def list_of(model: Recommender, user_id: str, n: int, *, explain: bool = False) -> UserList:
    """The user's ``n`` best unseen items. Of users the version learnt nothing of: the most popular ones."""
    return list_from(model, ranking_of(model, user_id, n), explain=explain)


def ranking_of(model: Recommender, user_id: str, depth: int) -> Ranking:
    """The user's ``depth`` best unseen items, or as many as there are; of unknown users popularity's."""
    user = model.catalogue.user_ids.find(user_id)
    history = int(model.catalogue.history[user]) if user is not None else None
    if user is None or not history:
        return _popular(model, user, history, depth)
    scores = model.scorer.score_block(np.array([user], np.int32))[0]
    codes = model.catalogue.best(scores, user, depth)
    chosen = scores[codes]
    # Of scores that are no numbers fewer items come back than there are.
    due = min(depth, model.catalogue.num_items - len(model.catalogue.seen(user)))
    if len(codes) < due or not np.isfinite(chosen).all():
        raise ScorerError("The model's scores of this user are not finite numbers.")
    return Ranking(user, history, False, codes, chosen)


def list_from(model: Recommender, ranking: Ranking, *, explain: bool = False) -> UserList:
    """All of a ranking as a list, with titles and where asked reasons."""
    codes = ranking.codes
    reasons: list[Reasons | None] = [None] * len(codes)
    why_not, confidence = "", None
    if ranking.fallback or ranking.user is None:
        why_not = "The list is popularity's, whose one reason is how many users there are of each item."
    else:
        confidence = _confidence(model, ranking.user, codes, ranking.scores)
        if explain:
            reasons, why_not = _reasons(model, ranking.user, codes)
    return UserList(
        items=_items(model, codes, ranking.scores.tolist(), reasons),
        known=not ranking.fallback,
        fallback=ranking.fallback,
        history=ranking.history,
        confidence=confidence,
        no_reasons=why_not if explain else "",
        codes=codes,
    )


def _popular(model: Recommender, user: int | None, history: int | None, depth: int) -> Ranking:
    """Scores are numbers of users. What the user has seen is left out here too: validation items count as seen."""
    catalogue = model.catalogue
    places = np.arange(min(depth, catalogue.num_items))
    if user is not None and len(catalogue.seen(user)):
        ahead = catalogue.popular[: depth + len(catalogue.seen(user))]
        places = np.flatnonzero(~np.isin(ahead, catalogue.seen(user)))[:depth]
    scores = catalogue.popular_users[places].astype(np.float64)
    return Ranking(user, history, True, catalogue.popular[places], scores)


def _items(
    model: Recommender, codes: NDArray[np.int32], scores: list[float], reasons: list[Reasons | None]
) -> tuple[RankedItem, ...]:
    ids, titles = model.catalogue.item_ids, model.catalogue.titles
    return tuple(
        RankedItem(ids[code], None if titles is None else titles[code], score, why)
        for code, score, why in zip(codes.tolist(), scores, reasons, strict=True)
    )


def _confidence(
    model: Recommender, user: int, codes: NDArray[np.int32], scores: NDArray[np.floating[Any]]
) -> float | None:
    scale = model.catalogue.scale
    if not model.rates or scale is None or not len(codes) or scale[1] <= scale[0]:
        return None
    rating = float(scores[0])
    if model.ranks_apart:
        rating = float(model.scorer.score_pairs(np.array([user], np.int32), codes[:1])[0])
    return min(1.0, max(0.0, (rating - scale[0]) / (scale[1] - scale[0]))) if math.isfinite(rating) else None


def _reasons(model: Recommender, user: int, codes: NDArray[np.int32]) -> tuple[list[Reasons | None], str]:
    try:
        split = split_scores(model.scorer, user, codes)
    except NotExplainable as error:
        return [None] * len(codes), str(error)
    near = nearest_liked(model.scorer, user, codes, np.empty(0, np.int32), most=NEAREST)
    ids = model.catalogue.item_ids
    made: list[Reasons | None] = []
    for at in range(len(codes)):
        parts = tuple((part.key, part.kind, part.label, float(part.values[at])) for part in split.parts)
        # Cosines are no part of a score, so of those models nothing stands here.
        found = near.rows[at] if near.measure == "contribution" else ()
        because = tuple(Because(ids[one.item], model.catalogue.title(one.item), one.value) for one in found)
        made.append(Reasons(parts, because))
    return made, ""

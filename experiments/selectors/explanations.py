"""One user's list with the reasons of each place, as page and API show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.explain.nearest import Measure, nearest_liked
from experiments.learning.explain.recommender import rating, split_scores
from experiments.learning.explain.split import Kind, ScoreSplit
from experiments.services.explained_model import ExplainedModel
from experiments.services.spec import Problem, Refused

LIST_LENGTH = 10
NEAREST = 3
EXAMPLES = 5


@dataclass(frozen=True)
class NearItem:
    """``value``: what it adds to the score, or the cosine of the two vectors; see UserExplanation.measure."""

    item_id: str
    title: str
    value: float


@dataclass(frozen=True)
class ShownPart:
    key: str
    kind: Kind
    label: str
    value: float


@dataclass(frozen=True)
class ExplainedItem:
    """``rank`` counts from 1 among items the user has not seen; None for an item that was asked about and is seen.
    ``rating``: parts of the predicted rating, of models that order lists by another score; else empty."""

    item_id: str
    title: str
    rank: int | None
    score: float
    kinds: Mapping[Kind, float]
    parts: tuple[ShownPart, ...]
    rating: tuple[ShownPart, ...]
    near: tuple[NearItem, ...]


@dataclass(frozen=True)
class UserExplanation:
    """``learnt`` and ``liked`` count the user's items in the training part; ``reference`` is what parts are measured
    against; ``asked`` is the item that was asked about, if any."""

    user_id: str
    learnt: int
    liked: int
    measure: Measure
    reference: str
    items: tuple[ExplainedItem, ...]
    asked: ExplainedItem | None


def explain_user(model: ExplainedModel, user_id: str, item_id: str = "") -> UserExplanation:
    """The ten best unseen items of a user, and ``item_id`` where one is given.

    Raises Refused naming the field, for a user or item that the dataset does not have.
    """
    user, item = _asked(model, user_id.strip(), item_id.strip())
    scores = model.scorer.score_block(np.array([user], np.int32))[0]
    order = np.lexsort((np.arange(len(scores)), -scores))
    ranked = order[~np.isin(order, model.seen[user])].astype(np.int32)
    codes = ranked[:LIST_LENGTH]
    if item is not None and item not in codes:
        codes = np.append(codes, np.int32(item))
    split = split_scores(model.scorer, user, codes)
    near = nearest_liked(model.scorer, user, codes, model.liked[user], most=NEAREST)
    rates = rating(model.scorer)
    ratings = None if rates is None else split_scores(rates, user, codes)
    kinds, total = split.by_kind(), split.total()
    places = {int(code): place for place, code in enumerate(ranked, 1)}
    shown = {
        int(code): ExplainedItem(
            item_id=str(model.item_ids[code]),
            title=str(model.titles[code]),
            rank=places.get(int(code)),
            score=float(total[at]),
            kinds={kind: float(values[at]) for kind, values in kinds.items()},
            parts=_parts(split, at),
            rating=() if ratings is None else _parts(ratings, at),
            near=tuple(
                NearItem(str(model.item_ids[one.item]), str(model.titles[one.item]), one.value) for one in near.rows[at]
            ),
        )
        for at, code in enumerate(codes)
    }
    return UserExplanation(
        user_id=str(model.user_ids[user]),
        learnt=len(model.learnt[user]),
        liked=len(model.liked[user]),
        measure=near.measure,
        reference=split.reference,
        items=tuple(shown[int(code)] for code in ranked[:LIST_LENGTH]),
        asked=None if item is None else shown[item],
    )


def _parts(split: ScoreSplit, at: int) -> tuple[ShownPart, ...]:
    return tuple(ShownPart(part.key, part.kind, part.label, float(part.values[at])) for part in split.parts)


def example_users(model: ExplainedModel) -> list[str]:
    """Some users that training met, evenly spaced over the identifiers."""
    met = np.flatnonzero(np.diff(model.learnt.start))
    places = np.unique(np.linspace(0, len(met) - 1, min(EXAMPLES, len(met))).astype(np.int64))
    return [str(model.user_ids[code]) for code in met[places]]


def _asked(model: ExplainedModel, user_id: str, item_id: str) -> tuple[int, int | None]:
    user = _code(model.user_ids, user_id)
    item = _code(model.item_ids, item_id) if item_id else None
    problems = []
    if user is None:
        problems.append(_unknown("user", user_id, example_users(model), len(model.user_ids)))
    if item_id and item is None:
        problems.append(_unknown("item", item_id, [str(each) for each in model.item_ids[:EXAMPLES]], len(model.titles)))
    if problems or user is None:
        raise Refused(problems)
    return user, item


def _unknown(what: str, asked: str, examples: Sequence[str], count: int) -> Problem:
    said = f"“{asked[:60]}” is an unknown {what}" if asked else f"No {what} is given"
    return Problem(what, f"{said}; accepted: an id of the dataset's {count:,} {what}s, such as {', '.join(examples)}.")


def _code(ids: NDArray[np.str_], asked: str) -> int | None:
    """Place of an identifier among sorted ones."""
    place = int(np.searchsorted(ids, asked)) if asked else len(ids)
    return place if place < len(ids) and ids[place] == asked else None


__all__ = ["ExplainedItem", "NearItem", "ShownPart", "UserExplanation", "example_users", "explain_user"]

"""The exact split of any recommender's scores that has one, by the kind of its scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.learning.data.interactions import IntArray
from experiments.learning.explain import history
from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.network import split_network
from experiments.learning.explain.split import Part, ScoreSplit, constant
from experiments.learning.recommenders.base import Scorer
from experiments.learning.recommenders.scorers.errors import require_codes, require_pairs
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.items import ItemScorer
from experiments.learning.recommenders.scorers.linear import LinearScorer
from experiments.learning.recommenders.scorers.neighbours import NeighbourScorer
from experiments.learning.recommenders.scorers.network import NetworkScorer


def listing(scorer: Scorer) -> Scorer:
    """What orders the lists: the scorer itself, or the ranking part of one that does not rank by its ratings."""
    found: Scorer = getattr(scorer, "ranking", scorer) if scorer.config().get("ranks_apart") else scorer
    return found


def rating(scorer: Scorer) -> Scorer | None:
    """What predicts the ratings of a scorer that ranks by something else; None where lists and ratings are one."""
    found: Scorer | None = getattr(scorer, "rating", None) if scorer.config().get("ranks_apart") else None
    return found


def split_scores(scorer: Scorer, user: int, items: IntArray) -> ScoreSplit:
    """Parts of one user's scores of some items; they sum to what ``listing(scorer)`` answers within 1e-5.

    Raises NotExplainable for scorers without an exact split, ScorerError for codes out of range.
    """
    scorer = listing(scorer)
    splitter = _splitter(scorer)
    require_codes("items", items, int(scorer.num_items))  # type: ignore[attr-defined]  # explainable ones have it
    return splitter(scorer, user, items)


def require_explainable(scorer: Scorer) -> None:
    """Raises NotExplainable, which says why."""
    _splitter(listing(scorer))


def _splitter(scorer: Scorer) -> Callable[[Any, int, IntArray], ScoreSplit]:
    for kind, splitter in _SPLITTERS.items():
        if isinstance(scorer, kind):
            return splitter
    name = scorer.config().get("kind", type(scorer).__name__)
    raise NotExplainable(
        f"Models of the kind “{name}” make a score in steps that do not add up, so it has no exact parts. "
        "Explained are the hybrid, factor models, EASE, item neighbours and popularity."
    )


def _network(scorer: NetworkScorer, user: int, items: IntArray) -> ScoreSplit:
    return split_network(scorer, np.full(len(items), user, np.int32), items)


def _factors(scorer: FactorScorer, user: int, items: IntArray) -> ScoreSplit:
    users = np.full(len(items), user, np.int32)
    require_pairs(users, items, scorer.num_users, scorer.num_items)
    products = scorer.item_factors[items].astype(np.float64) @ scorer.user_factors[user].astype(np.float64)
    return ScoreSplit(
        (
            Part("inner_product", "collaborative", "Match of user and item vector", products),
            Part("offset", "bias", "Mean of all ratings", constant(scorer.offset, len(items))),
            Part("user_bias", "bias", "User's own level", constant(float(scorer.user_bias[user]), len(items))),
            Part("item_bias", "bias", "Item's own level", scorer.item_bias[items].astype(np.float64)),
        )
    )


def _linear(scorer: LinearScorer, user: int, items: IntArray) -> ScoreSplit:
    found = history.of_linear(scorer, user, items)
    values = found.values.sum(axis=0)
    if found.average:
        return ScoreSplit((Part("average", "bias", "What the average user did", values),))
    return ScoreSplit((Part("history", "collaborative", "What the user did", values),))


def _neighbours(scorer: NeighbourScorer, user: int, items: IntArray) -> ScoreSplit:
    found = history.of_neighbours(scorer, user, items)
    parts = [Part("history", "collaborative", "What the user did", found.values.sum(axis=0))]
    if scorer.averaged:
        parts += [
            Part("offset", "bias", "Mean of all ratings", constant(scorer.offset, len(items))),
            Part("user_bias", "bias", "User's own level", constant(float(scorer.user_bias[user]), len(items))),
            Part("item_bias", "bias", "Item's own level", scorer.item_bias[items].astype(np.float64)),
        ]
    return ScoreSplit(tuple(parts))


def _popularity(scorer: ItemScorer, user: int, items: IntArray) -> ScoreSplit:
    require_codes("users", np.array([user], np.int32), scorer.num_users)
    return ScoreSplit((Part("item_bias", "bias", "How popular the item is", scorer.scores[items].astype(np.float64)),))


_SPLITTERS: dict[type[Any], Callable[[Any, int, IntArray], ScoreSplit]] = {
    NetworkScorer: _network,
    FactorScorer: _factors,
    LinearScorer: _linear,
    NeighbourScorer: _neighbours,
    ItemScorer: _popularity,
}

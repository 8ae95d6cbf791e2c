"""The hybrid network's score, split exactly although its dense tower mixes embeddings with features.

score = offset + user bias + item bias + p.q + tower(p, q, item features, user features). Only the tower needs thought.
It is a game of embeddings against groups of features, whose absent members are those of a stated reference: the average
user and item that the model learnt from, or zeros. With two sides the exact Shapley value is four forward passes,

    embeddings = 1/2 [t(E) - t()] + 1/2 [t(E, F) - t(F)]        features = 1/2 [t(F) - t()] + 1/2 [t(E, F) - t(E)]

What features get is divided among their groups by the Owen value, the Shapley value of players who bargain as unions
(Owen, Values of games with a priori unions, 1977): the groups' shares sum to what the features have as one player,
however they are grouped. What the network gives the reference pair itself is no reason for this item, so it is a bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.explain.shapley import shapley_values
from experiments.learning.explain.split import Floats, Part, ScoreSplit, constant
from experiments.learning.recommenders.scorers.errors import require_pairs
from experiments.learning.recommenders.scorers.network import NetworkScorer

Baseline = Literal["mean", "zero"]
MOST_GROUPS = 8
"""Groups of features in one split: 2 · 2^8 passes through the tower."""
REFERENCES: Mapping[Baseline, str] = {
    "mean": "the average user and the average item that the model learnt from",
    "zero": "a user and an item whose vectors and features are zeros",
}


@dataclass(frozen=True)
class FeatureGroup:
    """Columns of the user's or the item's feature matrix that count as one reason."""

    name: str
    side: Literal["user", "item"]
    columns: Sequence[int]


def split_network(
    scorer: NetworkScorer,
    users: IntArray,
    items: IntArray,
    *,
    baseline: Baseline = "mean",
    groups: Sequence[FeatureGroup] | None = None,
) -> ScoreSplit:
    """Parts of each pair's score, shape (n,): inner_product, tower_embeddings, one part a group of features, offset,
    user_bias, item_bias, reference. ``groups`` None: all features of the user, and all of the item.

    Raises ScorerError for pairs out of range, ValueError for groups that are too many, overlap or leave columns out.
    """
    require_pairs(users, items, scorer.num_users, scorer.num_items)
    groups = usual_groups(scorer) if groups is None else groups
    _require_partition(scorer, groups)
    p0 = _reference(scorer.user_embedding, scorer.user_embedding, baseline)
    q0 = _reference(scorer.item_embedding, scorer.item_embedding, baseline)
    inner = np.einsum("nd,nd->n", _matrix(scorer.user_embedding[users]), _matrix(scorer.item_embedding[items]))
    embeddings, shares, level = _tower(scorer, users, items, groups, baseline, (p0, q0))
    count = len(users)
    parts = [
        Part("inner_product", "collaborative", "Match of user and item vector", inner - p0 @ q0),
        Part("tower_embeddings", "collaborative", "Vectors in the dense layers", embeddings),
        *(Part(f"features:{g.name}", "content", g.name, share) for g, share in zip(groups, shares, strict=True)),
        Part("offset", "bias", "Mean of all ratings", constant(scorer.offset, count)),
        Part("user_bias", "bias", "User's own level", scorer.user_bias[users].astype(np.float64)),
        Part("item_bias", "bias", "Item's own level", scorer.item_bias[items].astype(np.float64)),
        Part("reference", "bias", "Network's answer to the average", constant(level + float(p0 @ q0), count)),
    ]
    return ScoreSplit(tuple(parts), REFERENCES[baseline])


def usual_groups(scorer: NetworkScorer) -> tuple[FeatureGroup, ...]:
    """Features of the user and features of the item, those that the model has."""
    sides: tuple[tuple[Literal["user", "item"], int], ...] = (
        ("user", scorer.user_features.shape[1]),
        ("item", scorer.item_features.shape[1]),
    )
    return tuple(FeatureGroup(f"{side.capitalize()} features", side, range(width)) for side, width in sides if width)


def _tower(
    scorer: NetworkScorer,
    users: IntArray,
    items: IntArray,
    groups: Sequence[FeatureGroup],
    baseline: Baseline,
    reference: tuple[Floats, Floats],
) -> tuple[Floats, Floats, float]:
    """(share of the embeddings (n,), shares of the groups (groups, n), the tower's answer to the reference pair).

    The first layer is linear, so what each player changes in it is made once, and a coalition adds some of them up.
    """
    size = scorer.user_embedding.shape[1]
    kernel = _matrix(scorer.dense_1_kernel)
    of_user, of_item = kernel[:size], kernel[size : 2 * size]
    of_features = {
        "item": kernel[2 * size : 2 * size + scorer.item_features.shape[1]],
        "user": kernel[2 * size + scorer.item_features.shape[1] :],
    }
    p0, q0 = reference
    x0 = _reference(scorer.user_features, scorer.user_embedding, baseline)
    y0 = _reference(scorer.item_features, scorer.item_embedding, baseline)
    start = p0 @ of_user + q0 @ of_item + y0 @ of_features["item"] + x0 @ of_features["user"]
    start += scorer.dense_1_bias
    embeddings = (_matrix(scorer.user_embedding[users]) - p0) @ of_user
    embeddings += (_matrix(scorer.item_embedding[items]) - q0) @ of_item
    above = {"user": _matrix(scorer.user_features[users]) - x0, "item": _matrix(scorer.item_features[items]) - y0}
    changes = [above[g.side][:, list(g.columns)] @ of_features[g.side][list(g.columns)] for g in groups]
    without, beside = (
        _worths(scorer, first, changes) for first in (start + np.zeros_like(embeddings), start + embeddings)
    )
    of_embeddings = (beside[0] - without[0] + beside[-1] - without[-1]) / 2
    shares = (shapley_values(without) + shapley_values(beside)) / 2
    level = float(without[0][0]) if len(users) else 0.0
    return of_embeddings, shares, level


def _worths(scorer: NetworkScorer, first: Floats, changes: Sequence[Floats]) -> Floats:
    """The tower's answer of every coalition of groups over the first layer ``first`` (n, a); (2**groups, n)."""
    found = np.empty((1 << len(changes), len(first)))
    for coalition in range(len(found)):
        present = [change for place, change in enumerate(changes) if coalition >> place & 1]
        found[coalition] = _answer(scorer, np.sum([first, *present], axis=0))
    return found


def _answer(scorer: NetworkScorer, first: Floats) -> Floats:
    hidden = np.maximum(first, 0) @ _matrix(scorer.dense_2_kernel) + scorer.dense_2_bias
    answer: Floats = np.maximum(hidden, 0) @ _matrix(scorer.output_kernel)[:, 0] + float(scorer.output_bias[0])
    return answer


def _reference(table: FloatArray, embedding: FloatArray, baseline: Baseline) -> Floats:
    """Mean row of those that training met, whose vectors are not zero (all where there is none), or zeros."""
    if baseline == "zero" or not len(table):
        return np.zeros(table.shape[1])
    met = embedding.any(axis=1)
    mean: Floats = (table[met] if met.any() else table).mean(axis=0, dtype=np.float64)
    return mean


def _require_partition(scorer: NetworkScorer, groups: Sequence[FeatureGroup]) -> None:
    if len(groups) > MOST_GROUPS:
        raise ValueError(f"There are {len(groups)} groups of features; accepted: at most {MOST_GROUPS}.")
    for side, width in (("user", scorer.user_features.shape[1]), ("item", scorer.item_features.shape[1])):
        columns = sorted(column for group in groups if group.side == side for column in group.columns)
        if columns != list(range(width)):
            raise ValueError(f"Groups hold the {side} columns {columns}; accepted: each of 0 to {width - 1} once.")


def _matrix(array: NDArray[Any]) -> Floats:
    return array.astype(np.float64)

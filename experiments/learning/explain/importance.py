"""What a recommender leans on as a whole: the share of its scores' variance that each part explains.

With score = sum of parts, Var(score) = sum of Cov(part, score), so share(part) = Cov(part, score) / Var(score) sums to
1 exactly and needs no part to be independent of another. A share below 0 means that the part works against the others.
Over all pairs, levels of users and items count; within users, only what decides the order of a list does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.learning.data.interactions import IntArray
from experiments.learning.explain.network import FeatureGroup, split_network
from experiments.learning.explain.recommender import listing, split_scores
from experiments.learning.explain.split import Floats, Kind
from experiments.learning.recommenders.base import Scorer
from experiments.learning.recommenders.scorers.network import NetworkScorer

SAMPLED_USERS = 64
SAMPLED_ITEMS = 64
_NO_VARIANCE = 1e-18


@dataclass(frozen=True)
class PartImportance:
    """``overall`` and ``within_users``: shares of variance; None where the scores do not vary at all."""

    key: str
    kind: Kind
    label: str
    overall: float | None
    within_users: float | None


def score_importance(
    scorer: Scorer,
    users: IntArray,
    items: IntArray,
    *,
    groups: Sequence[FeatureGroup] | None = None,
    seed: int = 0,
) -> tuple[PartImportance, ...]:
    """Shares over at most 64 of ``users`` times 64 of ``items``, drawn with ``seed``; the same answer every time.

    ``groups`` are groups of features of a network, see ``feature_groups``. Raises NotExplainable, and
    ValueError where there is no user or no item.
    """
    if not len(users) or not len(items):
        raise ValueError("No user or no item is left to look at; accepted: one or more of each.")
    scorer = listing(scorer)
    generator = np.random.default_rng([seed, 17])
    some_users = _drawn(generator, users, SAMPLED_USERS)
    some_items = _drawn(generator, items, SAMPLED_ITEMS)
    values = _values(scorer, some_users, some_items, groups)
    total = np.sum(list(values.values()), axis=0)
    inside, whole = total - total.mean(axis=1, keepdims=True), total - total.mean()
    return tuple(
        PartImportance(key, kind, label, _share(found, whole), _share(found, inside))
        for (key, kind, label), found in values.items()
    )


def _values(
    scorer: Scorer, users: IntArray, items: IntArray, groups: Sequence[FeatureGroup] | None
) -> dict[tuple[str, Kind, str], Floats]:
    """(key, kind, label) of each part → its values, shape (users, items)."""
    shape = (len(users), len(items))
    if isinstance(scorer, NetworkScorer):
        pairs = np.repeat(users, len(items)), np.tile(items, len(users))
        whole = split_network(scorer, *pairs, groups=groups)
        return {(part.key, part.kind, part.label): part.values.reshape(shape) for part in whole.parts}
    values: dict[tuple[str, Kind, str], Floats] = {}
    for row, user in enumerate(users):
        for part in split_scores(scorer, int(user), items).parts:
            values.setdefault((part.key, part.kind, part.label), np.zeros(shape))[row] = part.values
    return values


def _drawn(generator: np.random.Generator, codes: IntArray, most: int) -> IntArray:
    return codes if len(codes) <= most else np.sort(generator.choice(codes, most, replace=False))


def _share(part: Floats, centred: Floats) -> float | None:
    """Cov(part, score) / Var(score), the score being centred; None where it does not vary."""
    variance = float((centred**2).sum())
    return float((part * centred).sum() / variance) if variance > _NO_VARIANCE * max(centred.size, 1) else None

"""Columns of feature matrices that come from one column of the data, such as "genres: Drama" and "genres: War"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from experiments.learning.explain.network import MOST_GROUPS, FeatureGroup

OTHERS = "other features"


def feature_groups(user_names: Sequence[str], item_names: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """One group a column of the data, named as ``learning.data.features`` names them ("genres: Drama" is "genres").

    Beyond MOST_GROUPS the last ones of each side become one.
    """
    users, items = _columns_by_source(user_names), _columns_by_source(item_names)
    room = MOST_GROUPS - min(len(users), MOST_GROUPS // 2)
    items = _at_most(items, room)
    users = _at_most(users, MOST_GROUPS - len(items))
    return (*_groups("user", users), *_groups("item", items))


def _columns_by_source(names: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name.split(": ", 1)[0], []).append(place)
    return found


def _at_most(found: dict[str, list[int]], most: int) -> dict[str, list[int]]:
    if len(found) <= most:
        return found
    kept = dict(list(found.items())[: most - 1])
    return kept | {OTHERS: [place for name, places in found.items() if name not in kept for place in places]}


def _groups(side: Literal["user", "item"], found: dict[str, list[int]]) -> list[FeatureGroup]:
    return [FeatureGroup(f"{side.capitalize()}: {name}", side, tuple(places)) for name, places in found.items()]

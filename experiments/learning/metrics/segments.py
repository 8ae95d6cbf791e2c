"""Groups of users and of items whose quality is reported apart (decision D4).

Users, by their number of training interactions: new (few or none), and of the others the lowest third (light), the
middle (medium) and the highest third (heavy). Items, by popularity in training: head items are the smallest set of
most popular items that makes up half of all training interactions; all others are tail.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Bools, Ints

HEAD_SHARE = 0.5
USER_SEGMENTS = ("new_users", "light_users", "medium_users", "heavy_users")
ITEM_SEGMENTS = ("head_items", "tail_items")


def user_segments(counts: Ints, new_user_max: int) -> dict[str, Bools]:
    """Which users belong to each segment, shape (users,) each; every user is in exactly one.

    Users with equal counts are always in the same segment, so thirds may be unequal.

    Args:
        counts: training interactions of each user, shape (users,).
        new_user_max: a user with at most this many is new.
    """
    new = counts <= new_user_max
    lower, upper = np.quantile(counts[~new], [1 / 3, 2 / 3]) if (~new).any() else (0.0, 0.0)
    light = ~new & (counts <= lower)
    heavy = ~new & ~light & (counts > upper)
    return dict(zip(USER_SEGMENTS, (new, light, ~(new | light | heavy), heavy), strict=True))


def item_segments(counts: Ints) -> dict[str, Bools]:
    """Which items are head and which are tail, shape (items,) each; equal counts: the lower code is head first.

    Args:
        counts: training interactions of each item, shape (items,).
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    head = np.zeros(len(counts), dtype=np.bool_)
    head[order] = before < HEAD_SHARE * counts.sum()
    return {"head_items": head, "tail_items": ~head}

"""Users who come again and again, with tastes that are known, and drift that begins on a known day.

Every active user of a day likes a few items, drawn by affinity (a product of hidden vectors) and popularity; items are
liked again, as songs are, so that without drift no day differs from another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retraining.drill.stream import Drift, Floats, Ints, Stream

Kind = Literal["steady", "popularity_reversal", "new_items", "taste_change", "new_users"]
KINDS: tuple[Kind, ...] = ("steady", "popularity_reversal", "new_items", "taste_change", "new_users")
SHARE_OF_NEW_ITEMS = 0.2
SHARE_OF_CHANGED_USERS = 0.8
SHARE_OF_NEW_USERS = 0.6
STAY_DAYS = 10


@dataclass(frozen=True)
class World:
    """It drifts a quarter of the way from ``warm_up_days`` to the end, on a Thursday where day 0 is a Monday, as a
    Monday's schedule would meet it by luck."""

    users: int = 400
    items: int = 200
    days: int = 112
    warm_up_days: int = 28
    active_share: float = 0.4
    likes_a_day: float = 3.0
    seed: int = 0


def synthetic(kind: Kind, world: World | None = None) -> Stream:
    """Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"kind: {', '.join(KINDS)} are accepted, got {kind!r}.")
    made = world or World()
    rng = np.random.default_rng(made.seed)
    at = math.floor(made.warm_up_days + (made.days - made.warm_up_days) / 4) // 7 * 7 + 3
    taste = rng.normal(0, 1, (made.users, 8))
    nature = rng.normal(0, 1, (made.items, 8))
    popularity = rng.permutation(np.log(1 / np.arange(1, made.items + 1) ** 0.7))
    late = np.arange(made.items) < SHARE_OF_NEW_ITEMS * made.items if kind == "new_items" else None
    chance = _chances(taste, nature, popularity, late)
    comes, leaves = _stays(kind, made, at)
    columns: list[tuple[Floats, Floats, Floats]] = []
    for day in range(made.days):
        if day == at and kind != "steady":
            if kind == "popularity_reversal":
                popularity = np.sort(popularity)[::-1][np.argsort(np.argsort(popularity))]
            elif kind == "new_items":
                popularity[: int(late.sum()) if late is not None else 0] += 1.5
            elif kind == "taste_change":
                changed = rng.random(made.users) < SHARE_OF_CHANGED_USERS
                taste[changed] = rng.normal(0, 1, (int(changed.sum()), 8))
            chance = _chances(taste, nature, popularity, None)
        here = (day >= comes) & (day < leaves)
        active = np.flatnonzero(here & (rng.random(made.users) < made.active_share))
        user = np.repeat(active, 1 + rng.poisson(made.likes_a_day - 1, len(active)))
        drawn = (rng.random((len(user), 1)) > chance[user]).sum(1)
        columns.append((user.astype(float), drawn.astype(float), day + np.sort(rng.random(len(user)))))
    user, item, moment = (np.concatenate([one[place] for one in columns]) for place in range(3))
    drifts = () if kind == "steady" else (Drift(kind, float(at)),)
    return Stream(
        kind, user.astype(np.int64), np.minimum(item, made.items - 1).astype(np.int64),
        np.ones(len(user), bool), moment, made.users, made.items, repeats=True, drifts=drifts,
    )  # fmt: skip


def _stays(kind: Kind, world: World, at: int) -> tuple[Ints, Ints]:
    """(users,) the first day of each, and the day from which on he comes no more. Everybody always, but for new users:
    from the drift on some come for the first time each day and stay a while, as on a site that grows."""
    comes, leaves = np.zeros(world.users, np.int64), np.full(world.users, world.days)
    if kind == "new_users":
        late = math.floor(SHARE_OF_NEW_USERS * world.users)
        comes[:late] = np.linspace(at, world.days - 1, late).astype(np.int64)
        leaves[:late] = comes[:late] + STAY_DAYS
    return comes, leaves


def _chances(taste: Floats, nature: Floats, popularity: Floats, absent: np.ndarray | None) -> Floats:
    """(users, items): cumulated probabilities of what each likes next."""
    logits = 0.9 * taste @ nature.T + popularity
    if absent is not None:
        logits[:, absent] = -np.inf
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray((weights / weights.sum(1, keepdims=True)).cumsum(1), np.float64)

"""One day of lists against what its users went on to like (catalogue protocol, D2), as sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from retraining.drill.stream import Floats, Ints, Stream

K = 10
PRICE_FALSE_POSITIVE, PRICE_FALSE_NEGATIVE = 10.0, 50.0


@dataclass(frozen=True)
class Day:
    """Sums over ``lists``, one a user with anything liked that day. ``decisions``: candidates of all lists (D3).

    ``users`` and ``ndcg_of_each`` (lists,) are what an interval over users is drawn from.
    """

    day: int
    lists: int = 0
    ndcg: float = 0.0
    precision: float = 0.0
    recall: float = 0.0
    hits: int = 0
    shown: int = 0
    relevant: int = 0
    decisions: int = 0
    users: Ints = field(default_factory=lambda: np.empty(0, np.int64), compare=False, repr=False)
    ndcg_of_each: Floats = field(default_factory=lambda: np.empty(0), compare=False, repr=False)


@dataclass(frozen=True)
class Quality:
    """Of several days. None without any list."""

    lists: int
    ndcg_at_10: float | None
    f1_at_10: float | None
    cost_per_1000: float | None


def measure(stream: Stream, day: int, lists_of: Ints, users: Ints, start: int, stop: int) -> Day:
    """``lists_of`` (u, K) answers ``users`` (u,); what they liked are the stream's interactions from start to stop."""
    liked = stream.liked[start:stop]
    wanted: dict[int, set[int]] = {}
    for user, item in zip(
        stream.user[start:stop][liked].tolist(), stream.item[start:stop][liked].tolist(), strict=True
    ):
        wanted.setdefault(user, set()).add(item)
    discount = 1 / np.log2(np.arange(2, K + 2))
    found = {"precision": 0.0, "recall": 0.0}
    hits = relevant = 0
    each: list[float] = []
    for user, items in zip(users.tolist(), lists_of.tolist(), strict=True):
        good = wanted[user]
        places = [place for place, item in enumerate(items) if item in good]
        each.append(float(discount[places].sum() / discount[: min(K, len(good))].sum()))
        found["precision"] += len(places) / K
        found["recall"] += len(places) / len(good)
        hits, relevant = hits + len(places), relevant + len(good)
    n = len(users)
    return Day(
        day, n, sum(each), **found, hits=hits, shown=n * K, relevant=relevant, decisions=n * stream.num_items,
        users=users, ndcg_of_each=np.array(each),
    )  # fmt: skip


def quality(days: Iterable[Day]) -> Quality:
    """F1 of the mean precision and recall; cost of D3 with its usual prices."""
    kept = list(days)
    lists = sum(one.lists for one in kept)
    if not lists:
        return Quality(0, None, None, None)
    precision, recall = (sum(getattr(one, name) for one in kept) / lists for name in ("precision", "recall"))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    hits, shown, relevant, decisions = (
        sum(getattr(one, name) for one in kept) for name in ("hits", "shown", "relevant", "decisions")
    )
    money = PRICE_FALSE_POSITIVE * (shown - hits) + PRICE_FALSE_NEGATIVE * (relevant - hits)
    return Quality(lists, sum(one.ndcg for one in kept) / lists, f1, 1000 * money / decisions)

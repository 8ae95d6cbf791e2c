"""Team-draft interleaving: two rankings in one list, so that a user compares both by what he chooses.

Two captains pick in turn, a coin deciding who picks first in each round, each the best item not yet taken; a click
counts for the team of its item (Radlinski, Kurup & Joachims, CIKM 2008). What clicks say, ``retraining/trial`` judges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Item = TypeVar("Item", bound=Hashable)
Team = Literal["first", "second", "both"]


@dataclass(frozen=True)
class Interleaved(Generic[Item]):
    """``teams``: whose each item is; "both" of what only fills the list up, and of clicks counts for neither."""

    items: tuple[Item, ...]
    teams: tuple[Team, ...]


def team_draft(first: Iterable[Item], second: Iterable[Item], length: int, seed: str) -> Interleaved[Item]:
    """``length`` items or as many as there are, the same for the same ``seed`` (say model, trial, user and day).

    Both are read only as far as they are needed. When one has run out the other fills up, for neither team: else the
    longer list would win by its length. Raises ValueError for a length below 1.
    """
    if length < 1:
        raise ValueError(f"length: a number at least 1 is accepted, got {length!r}.")
    items: list[Item] = []
    teams: list[Team] = []
    rest, taken, coins = {"first": iter(first), "second": iter(second)}, set[Item](), _coins(seed)
    picked = {"first": 0, "second": 0}
    while len(items) < length:
        team: Literal["first", "second"] = "first" if picked["first"] < picked["second"] else "second"
        if picked["first"] == picked["second"]:
            team = "first" if next(coins) else "second"
        item = _best(rest[team], taken)
        if item is None:
            left = dict.fromkeys(one for name in ("first", "second") for one in rest[name] if one not in taken)
            filled = list(left)[: length - len(items)]
            items += filled
            teams += ["both"] * len(filled)
            break
        items.append(item)
        taken.add(item)
        teams.append(team)
        picked[team] += 1
    return Interleaved(tuple(items), tuple(teams))


def _best(rest: Iterable[Item], taken: set[Item]) -> Item | None:
    return next((item for item in rest if item not in taken), None)


def _coins(seed: str) -> Iterator[bool]:
    block = 0
    while True:
        for byte in hashlib.blake2b(f"{seed}:{block}".encode(errors="surrogatepass")).digest():
            for bit in range(8):
                yield bool(byte >> bit & 1)
        block += 1

"""Team-draft interleaving: both rankers in one list, and users choose by what they click.

Two captains pick in turn, a coin deciding who picks first in each round, each the best item not yet taken; a click
counts for the team of its item (Radlinski, Kurup & Joachims, CIKM 2008). Every user compares both rankers himself, so
what differs between users cancels out, and far fewer are needed than for a split (Chapelle et al., TOIS 2012).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from scipy import stats

from retraining.records import between
from retraining.trial.sequential import LEAST_USERS, PLANNED_USERS, always_valid_p, multiplier, precision

Item = TypeVar("Item", bound=Hashable)
Team = Literal["first", "second", "both"]
LEAST_FOR_T = 30


@dataclass(frozen=True)
class Interleaved(Generic[Item]):
    """``teams``: whose each item is; "both" of what only fills the list up, and of clicks counts for neither."""

    items: tuple[Item, ...]
    teams: tuple[Team, ...]


def team_draft(first: Sequence[Item], second: Sequence[Item], length: int, seed: str) -> Interleaved[Item]:
    """``length`` items or as many as there are, the same for the same ``seed`` (say model, trial, user and day).

    When one list has run out the other fills up, for neither team: else the longer list would win by its length.
    """
    between("length", length, 1)
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


def credit(teams: Sequence[Team], chosen: Iterable[int]) -> tuple[int, int]:
    """Of the places that were clicked (0 is the top), how many are the first's and how many the second's."""
    places = set(chosen)
    for place in places:
        between("chosen", place, 0, len(teams) - 1)
    return sum(teams[place] == "first" for place in places), sum(teams[place] == "second" for place in places)


@dataclass(frozen=True)
class Preferences:
    """Of users who chose at all: d = (second − first) / (second + first) of a user's credits, from −1 to 1."""

    n: int = 0
    d: float = 0.0
    dd: float = 0.0
    wins: int = 0
    losses: int = 0

    def __add__(self, other: Preferences) -> Preferences:
        """Of both. A user who is in both counts as two."""
        return Preferences(
            self.n + other.n,
            self.d + other.d,
            self.dd + other.dd,
            self.wins + other.wins,
            self.losses + other.losses,
        )

    @classmethod
    def of(cls, users: Iterable[tuple[float, float]]) -> Preferences:
        """From (first, second) credits of each user over all lists he was shown; those without any are left out."""
        found = [(two - one) / (two + one) for one, two in users if one + two > 0]
        return cls(
            len(found),
            math.fsum(found),
            math.fsum(d * d for d in found),
            sum(d > 0 for d in found),
            sum(d < 0 for d in found),
        )


@dataclass(frozen=True)
class Preference:
    """``value`` above 0: the second list is preferred. ``p_value`` for one look by Student's t, ``sign_p_value`` exact
    on who won with how many users, ``always_valid_p`` and its interval for any number of looks. None: too few users."""

    users: int
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    sign_p_value: float | None
    always_valid_p: float | None


def judge(sums: Preferences, alpha: float = 0.05, planned_users: int = PLANNED_USERS) -> Preference:
    """The interval is always valid and begins at LEAST_USERS, Student's t at LEAST_FOR_T; the sign test is exact."""
    between("alpha", alpha, 0, 0.5, above=True)
    decided = sums.wins + sums.losses
    sign = float(stats.binomtest(sums.wins, decided).pvalue) if decided else None
    variance = max(0.0, (sums.dd - sums.d**2 / sums.n) / (sums.n - 1)) if sums.n > 1 else 0.0
    value = sums.d / sums.n if sums.n else None
    if value is None or variance == 0 or sums.n < LEAST_FOR_T:
        return Preference(sums.n, value, None, None, None, sign, None)
    error, rho = math.sqrt(variance / sums.n), precision(planned_users, alpha)
    z = value / error
    p_value = float(2 * stats.t.sf(abs(z), sums.n - 1))
    if sums.n < LEAST_USERS:
        return Preference(sums.n, value, None, None, p_value, sign, None)
    half = multiplier(sums.n, rho, alpha) * error
    return Preference(sums.n, value, value - half, value + half, p_value, sign, always_valid_p(z, sums.n, rho))


def _best(rest: Iterable[Item], taken: set[Item]) -> Item | None:
    return next((item for item in rest if item not in taken), None)


def _coins(seed: str) -> Iterator[bool]:
    block = 0
    while True:
        for byte in hashlib.blake2b(f"{seed}:{block}".encode()).digest():
            for bit in range(8):
                yield bool(byte >> bit & 1)
        block += 1

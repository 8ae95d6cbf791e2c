"""Which of two rankers people prefer, from lists that interleave both: users choose by what they click.

Lists are made by team draft (``experiments/learning/team_draft.py``); a click counts for the team of its item
(Radlinski, Kurup & Joachims, CIKM 2008). Every user compares both rankers himself, so what differs between users
cancels out, and far fewer are needed than for a split (Chapelle et al., TOIS 2012).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy import stats

from experiments.learning.team_draft import Interleaved, Team, team_draft
from retraining.records import between
from retraining.trial.sequential import LEAST_USERS, PLANNED_USERS, always_valid_p, multiplier, precision

__all__ = ["Interleaved", "Preference", "Preferences", "Team", "credit", "judge", "team_draft"]
LEAST_FOR_T = 30


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

"""How many independent ones two samples stand for: a user who asks ten times is not ten users.

A user's lists are alike while the version stays, so what differs between two samples by chance is whose lists they
hold. With a share w of the one sample and v of the other for each user, the difference of two means has the variance
σ² Σ (v - w)² over users, where n and m independent predictions have σ² (1/n + 1/m); their ratio is the design effect
(of a variance under clusters that are wholly alike: Kish, Survey Sampling, 1965). Users who ask in both samples as
often as before cancel out, so among regulars a small drift is seen, and of a handful of users none is. Places of lists
have something in common beside: list_effects.py. Σ (v - w)² comes from sketches, which subtract as they add
(repeats.py).

Of signals that are a property of the user who asks, both sides are known and weighed apart: half a thousand strangers
who ask once are many, also where the regulars of the window are few. Rows about shops and products are no sample of
shops: they count one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.summaries import drift, repeats, signals
from monitoring.summaries.types import JSON

LEAST_USERS = 50
"""Independent users below which a sample says nothing on drift, whatever the number of its predictions."""


@dataclass(frozen=True)
class Weights:
    """Predictions of ``known``, ``new`` and unnamed (``unknown``) users, with the sketches of the first two.

    ``people``: whether predictions of one user are alike at all.
    """

    known: int = 0
    new: int = 0
    unknown: int = 0
    known_users: Mapping[str, int] = field(default_factory=dict)
    new_users: Mapping[str, int] = field(default_factory=dict)
    people: bool = True

    @classmethod
    def of_reference(cls, profile: JSON) -> Weights:
        return cls(**profile["users"])

    @classmethod
    def of_windows(cls, counts: Mapping[str, Mapping[str, int]], *, people: bool) -> Weights:
        """From the counts of one reference, as ``drift`` has them."""
        known, new = signals.dense(counts.get(drift.NAMED), 2).tolist()
        total = counts.get(drift.ROWS, {}).get("0", 0)
        sketches = counts.get(drift.KNOWN) or {}, counts.get(drift.NEW) or {}
        return cls(known, new, total - known - new, *sketches, people=people)

    @property
    def total(self) -> int:
        return self.known + self.new + self.unknown

    @property
    def independent(self) -> float:
        """How many independent predictions these are worth: users who ask equally often count one each."""
        if not self.people or not self.total:
            return float(self.total)
        squares = repeats.squares(self.known_users) + repeats.squares(self.new_users) + self.unknown
        return min(float(self.total), self.total**2 / squares) if squares else float(self.total)


def design_effect(
    name: str, reference: Weights, current: Weights, sizes: tuple[int, int], *, effect: float = 1.0, half: bool = False
) -> float:
    """Of comparing two samples of ``sizes`` counts: the variance of their difference over that of as many independent
    counts; at least 1.

    ``effect``: what places of one list have in common; ``half``: the reference counts the lists of half its users.
    """
    n, m = sizes
    if not n or not m or not reference.total or not current.total or not (reference.people and current.people):
        return 1.0
    plain = 1 / n + 1 / m
    if name in signals.OF_USERS:
        share = (reference.new + current.new) / (reference.total + current.total)
        if not 0 < share < 1:
            return 1.0
        known, new = _between(reference, current, "known_users"), _between(reference, current, "new_users")
        found = (new * (1 - share) ** 2 + known * share**2) / (share * (1 - share))
    elif half:
        found = effect * (2 / reference.independent + 1 / current.independent) * current.total / m
    else:
        places = (n + m) / (reference.total + current.total)
        users = _between(reference, current, "known_users") + _between(reference, current, "new_users")
        found = effect * (users + _of_nobody(reference) + _of_nobody(current)) / places
    return max(1.0, found / plain)


def _between(reference: Weights, current: Weights, side: str) -> float:
    """Σ (v - w)² over users of one side."""
    there, here = getattr(reference, side), getattr(current, side)
    n, m = reference.total, current.total
    return repeats.squares({at: here.get(at, 0) / m - there.get(at, 0) / n for at in there.keys() | here.keys()})


def _of_nobody(one: Weights) -> float:
    """Predictions that name no user are each of another one."""
    return one.unknown / one.total**2

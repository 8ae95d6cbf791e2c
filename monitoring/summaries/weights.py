"""How many independent ones a sample's predictions stand for: a user who asks ten times is not ten users.

A user's lists are alike while the version stays, so predictions of one user count as one cluster, wholly alike: with w
predictions each, Σ w² / Σ w of them stand for one independent prediction (Kish, Survey Sampling, 1965), and of places
of lists that times what one list's places have in common (list_effects.py). Of signals that are a property of the user
who asks, users on both sides are known and weighed apart: half a thousand strangers who ask once are many, also where
the regulars of the window are few. Rows about shops and products are no sample of shops: they count one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.summaries import drift, repeats, signals
from monitoring.summaries.types import JSON

LEAST_USERS = 50
"""Independent users below which a sample says nothing on drift, whatever the number of its predictions."""


@dataclass(frozen=True)
class Weights:
    """Predictions of ``known``, ``new`` and unnamed (``unknown``) users, and Σ w² over the first two.

    ``people``: whether predictions of one user are alike at all.
    """

    known: int
    new: int
    unknown: int
    known_squares: float
    new_squares: float
    people: bool = True

    @classmethod
    def of_reference(cls, profile: JSON) -> Weights:
        return cls(**profile["users"])

    @classmethod
    def of_windows(cls, counts: Mapping[str, Mapping[str, int]], *, people: bool) -> Weights:
        """From the counts of one reference, as ``drift`` has them."""
        known, new = signals.dense(counts.get(drift.NAMED), 2).tolist()
        total = counts.get(drift.ROWS, {}).get("0", 0)
        known_squares = max(float(known), repeats.squares(counts.get(drift.KNOWN) or {}))
        new_squares = max(float(new), repeats.squares(counts.get(drift.NEW) or {}))
        return cls(known, new, total - known - new, known_squares, new_squares, people)

    @property
    def total(self) -> int:
        return self.known + self.new + self.unknown

    @property
    def repeats(self) -> float:
        """How many predictions stand for one independent one; at least 1."""
        if not self.people or not self.total:
            return 1.0
        return max(1.0, (self.known_squares + self.new_squares + self.unknown) / self.total)

    @property
    def independent(self) -> float:
        """How many independent predictions these are worth: users who ask equally often count one each."""
        return self.total / self.repeats

    def variance(self, share: float) -> float:
        """Of the share of new users, where it is ``share`` in truth."""
        if not self.total:
            return 0.0
        apart = self.new_squares * (1 - share) ** 2 + self.known_squares * share**2
        return (apart + self.unknown * share * (1 - share)) / self.total**2


def design_effect(name: str, effect: float, reference: Weights, current: Weights, sizes: tuple[int, int]) -> float:
    """Of comparing two samples of ``sizes`` counts: what the variance of their difference is times that of as many
    independent counts. ``effect`` is what places of one list have in common."""
    n, m = sizes
    if not n or not m or not (reference.people and current.people):
        return 1.0
    plain = 1 / n + 1 / m
    if name in signals.OF_USERS:
        share = (reference.new + current.new) / max(1, reference.total + current.total)
        if not 0 < share < 1:
            return 1.0
        found = (reference.variance(share) + current.variance(share)) / (share * (1 - share) * plain)
    else:
        found = effect * (reference.repeats / n + current.repeats / m) / plain
    return max(1.0, found)

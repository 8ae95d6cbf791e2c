"""What a ranking metric is: a value of each user's list, its expectation at random, and the best there could be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from experiments.learning.metrics.arrays import Bools, Floats, Ints


class AtK(Protocol):
    def __call__(self, hits: Bools, relevant: Ints, k: int) -> Floats:
        """Value of each user's list.

        Args:
            hits: shape (users, >= k), True where the item at this place is relevant; places beyond the end of a
                short list are False.
            relevant: number of relevant candidates of each user, at least 1, shape (users,).
            k: list length.
        """


class AtChance(Protocol):
    def __call__(self, relevant: Ints, candidates: Ints, k: int) -> Floats:
        """Value of each user that depends on counts alone, shape (users,); 1 <= relevant <= candidates."""


@dataclass(frozen=True)
class RankingMetric:
    """One metric over top-k lists with binary relevance, between 0 and 1, higher is better."""

    key: str
    at_k: AtK
    expected: AtChance
    """Exact expectation for a list in random order."""
    best: AtChance
    """Largest value any list could reach."""

    def name(self, k: int) -> str:
        """Wire name, for example ``recall_at_10``."""
        return f"{self.key}_at_{k}"

"""A set of (user, item) pairs that is quick to look up by blocks of users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Ints


@dataclass(frozen=True)
class PairSet:
    """Distinct pairs as one ascending array of keys, ``user * num_items + item``, shape (n,), int64."""

    keys: NDArray[np.int64]
    num_items: int

    @classmethod
    def of(cls, user: Ints, item: Ints, num_items: int) -> PairSet:
        """From parallel arrays of codes; doubled pairs count once."""
        keys = np.sort(user.astype(np.int64) * num_items + item)
        return cls(keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys, num_items)

    def __len__(self) -> int:
        return len(self.keys)

    def users(self) -> NDArray[np.int64]:
        """Users with at least one pair, ascending."""
        return np.unique(self.keys // self.num_items)

    def without(self, other: PairSet) -> PairSet:
        """The pairs that are not in ``other``."""
        return PairSet(np.setdiff1d(self.keys, other.keys, assume_unique=True), self.num_items)

    def counts(self, users: Ints) -> NDArray[np.int64]:
        """Number of items of each of these users, shape (len(users),)."""
        first, last = self._bounds(users)
        return last - first

    def block(self, users: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of these users as (row in ``users``, item), rows ascending, items ascending within a row."""
        first, last = self._bounds(users)
        lengths = last - first
        rows = np.repeat(np.arange(len(users)), lengths)
        starts = np.cumsum(lengths) - lengths
        positions = np.arange(len(rows)) - np.repeat(starts - first, lengths)
        return rows, self.keys[positions] % self.num_items

    def dense(self, users: Ints) -> Bools:
        """Membership of every item for these users, shape (len(users), num_items)."""
        member = np.zeros((len(users), self.num_items), dtype=np.bool_)
        member[self.block(users)] = True
        return member

    def _bounds(self, users: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        base = users.astype(np.int64) * self.num_items
        return np.searchsorted(self.keys, base), np.searchsorted(self.keys, base + self.num_items)

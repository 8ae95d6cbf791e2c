"""Catalogue coverage at k: which share of all items is shown to anybody.

    coverage@k = |union of all users' first k| / |items|

Source: Ge, Delgado-Battenfeld, Jannach, Beyond accuracy: evaluating recommender systems by coverage and serendipity,
RecSys 2010 (catalogue coverage). Items are all items of the dataset, also those nobody could be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats, Ints


@dataclass
class Coverage:
    """Which items the lists seen so far have shown, gathered block by block."""

    ks: tuple[int, ...]
    num_items: int
    shown: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.shown = np.zeros((len(self.ks), self.num_items), dtype=np.bool_)

    def add(self, lists: NDArray[np.int32]) -> None:
        """Take in lists of shape (users, >= max k), padded with -1."""
        for row, k in enumerate(self.ks):
            items = lists[:, :k]
            self.shown[row, items[items >= 0]] = True

    def at(self, k: int) -> float:
        """coverage@k of all lists so far."""
        return float(np.count_nonzero(self.shown[self.ks.index(k)]) / self.num_items)


@dataclass
class ExpectedCoverage:
    """Coverage that random lists would have, exactly: an item is missed by all with the product of
    (1 - min(k, C_u) / C_u) over the users whose candidate it is. Also the bound no model can pass."""

    ks: tuple[int, ...]
    num_items: int
    _log_missed: Floats = field(init=False)
    _certain: NDArray[np.int64] = field(init=False)
    _candidate_of: NDArray[np.int64] = field(init=False)
    _places: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self._log_missed = np.zeros((len(self.ks), self.num_items))
        self._certain = np.zeros((len(self.ks), self.num_items), dtype=np.int64)
        self._candidate_of = np.zeros(self.num_items, dtype=np.int64)
        self._places = np.zeros(len(self.ks), dtype=np.int64)

    def add(self, candidates: Ints, seen_rows: Ints, seen_items: Ints) -> None:
        """Take in users by their number of candidates and the pairs (row, item) that are no candidates."""
        size = self.num_items
        self._candidate_of += len(candidates) - np.bincount(seen_items, minlength=size)
        for row, k in enumerate(self.ks):
            # A user with no more than k candidates shows each for certain; log(0) is counted apart.
            certain = candidates <= k
            log_missed = np.log1p(-np.where(certain, 0.0, k / np.maximum(candidates, 1)))
            self._log_missed[row] += log_missed.sum() - np.bincount(seen_items, log_missed[seen_rows], size)
            self._certain[row] += certain.sum() - np.bincount(seen_items[certain[seen_rows]], minlength=size)
            self._places[row] += int(np.minimum(candidates, k).sum())

    def at(self, k: int) -> float:
        """Expected coverage@k of lists in random order."""
        row = self.ks.index(k)
        shown = np.where(self._certain[row] > 0, 1.0, -np.expm1(np.minimum(self._log_missed[row], 0.0)))
        return float(shown.sum() / self.num_items)

    def best(self, k: int) -> float:
        """Upper bound: no more items than are somebody's candidate, and than there are places in the lists."""
        available = int(np.count_nonzero(self._candidate_of))
        return min(available, int(self._places[self.ks.index(k)])) / self.num_items

"""What each user did, as flat arrays (CSR), and scores of pairs for scorers that only score whole rows cheaply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.scorers.errors import ScorerError, require_codes, require_finite, require_shape

_NUMBERS_AT_ONCE = 1 << 22
"""Floats of a block of dense scores made on the way to scores of pairs, 16 MiB."""


class Histories:
    """``history_start`` (num_users + 1,), ``history_item``, ``history_value`` (n,); items are codes below ``width``."""

    FIELDS = ("history_start", "history_item", "history_value")

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, width: int) -> None:
        for name in self.FIELDS:
            require_finite(name, arrays[name])
        self.start, self.item, self.value = (arrays[name] for name in self.FIELDS)
        self.width = width
        require_shape("history_start", self.start, (None,))
        self.num_users = len(self.start) - 1
        if self.num_users < 0 or self.start[0] != 0 or (np.diff(self.start) < 0).any():
            raise ScorerError("history_start falls or does not start at 0; accepted: 0 and then non-falling positions.")
        total = int(self.start[-1])
        require_shape("history_item", self.item, (total,))
        require_shape("history_value", self.value, (total,))
        require_codes("history_item", self.item, width)

    def rows(self, users: IntArray) -> sparse.csr_array:
        """Rows of these users, shape (len(users), width); a copy."""
        lengths = self.lengths(users)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.start[users] - starts[:-1], lengths) + np.arange(starts[-1])
        return sparse.csr_array((self.value[at], self.item[at], starts), shape=(len(users), self.width))

    def lengths(self, users: IntArray) -> NDArray[np.int64]:
        """How many items each of these users has, shape (len(users),)."""
        lengths: NDArray[np.int64] = self.start[users + 1] - self.start[users]
        return lengths

    def mean(self) -> FloatArray:
        """The average row of users who have any item, shape (width,)."""
        users = max(int((np.diff(self.start) > 0).sum()), 1)
        return (np.bincount(self.item, self.value, self.width) / users).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return dict(zip(self.FIELDS, (self.start, self.item, self.value), strict=True))


def pairs_from_blocks(
    score_block: Callable[[IntArray], FloatArray], users: IntArray, items: IntArray, num_items: int
) -> FloatArray:
    """Scores of pairs, shape (n,), each user's row being made once and a bounded number of rows at a time."""
    distinct, row = np.unique(users, return_inverse=True)
    order = np.argsort(row, kind="stable")
    scores = np.empty(len(users), np.float32)
    at_once = max(1, _NUMBERS_AT_ONCE // num_items)
    for start in range(0, len(distinct), at_once):
        stop = min(start + at_once, len(distinct))
        part = order[np.searchsorted(row, start, sorter=order) : np.searchsorted(row, stop, sorter=order)]
        scores[part] = score_block(distinct[start:stop])[row[part] - start, items[part]]
    return scores

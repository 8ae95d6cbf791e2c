"""What each user did in the order in which they did it, and the windows that sequence models learn from.

Items are tokens here: 0 is padding, token t is the item with code t − 1, and num_items + 1 hides an item (cloze).
Windows and histories are padded on the left, so the newest item always stands at the last place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold, TrainingData
from experiments.learning.recommenders.errors import UnusableData

PADDING = 0


def check_timestamps(data: TrainingData, label: str) -> None:
    """Raises UnusableData where the order of the training part is not known."""
    timestamp, rows = data.train.timestamp, len(data.train)
    if timestamp is None:
        raise UnusableData(
            f"train.timestamp is missing; {label} learns from the order of events and accepts no data without times."
        )
    if timestamp.shape != (rows,):
        raise UnusableData(f"train.timestamp has shape {timestamp.shape}; accepted: ({rows},).")


def _times(train: Fold) -> NDArray[np.int64]:
    if train.timestamp is None:
        raise ValueError("The training part has no times.")  # check_timestamps says so in words
    return train.timestamp


@dataclass(frozen=True)
class Sequences:
    """``item`` and ``weight`` (n,) user by user, the oldest first; user u has rows ``start[u]`` to ``start[u + 1]``."""

    start: NDArray[np.int64]
    item: IntArray
    weight: FloatArray

    @classmethod
    def of(cls, train: Fold, num_users: int) -> Sequences:
        """Of equal times the lower item code comes first, as in the split that leaves the last one out."""
        order = np.lexsort((train.item, _times(train), train.user))
        counts = np.bincount(train.user, minlength=num_users)
        return cls(np.concatenate([[0], np.cumsum(counts)]), train.item[order], train.value[order])

    def lengths(self) -> NDArray[np.int64]:
        """Items of each user, shape (num_users,)."""
        lengths: NDArray[np.int64] = np.diff(self.start)
        return lengths

    def histories(self, length: int, ending: int | None = None) -> IntArray:
        """The newest items of each user as tokens, shape (num_users, length); a row of padding where there are none.

        With ``ending`` that token stands last and one item fewer before it.
        """
        room = length if ending is None else length - 1
        tokens = np.full((len(self.start) - 1, length), PADDING, np.int32)
        lengths = self.lengths()
        user = np.repeat(np.arange(len(lengths)), lengths)
        from_end = self.start[1:][user] - 1 - np.arange(len(self.item))
        kept = from_end < room
        tokens[user[kept], room - 1 - from_end[kept]] = self.item[kept] + 1
        if ending is not None:
            tokens[lengths > 0, -1] = ending
        return tokens


@dataclass(frozen=True)
class Windows:
    """What goes in and what should come out: tokens, targets (0: nothing is asked there), weights; (rows, length)."""

    tokens: IntArray
    targets: IntArray
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.tokens)

    def shuffled(self, generator: np.random.Generator) -> Windows:
        order = generator.permutation(len(self))
        return Windows(self.tokens[order], self.targets[order], self.weights[order])


def next_item_windows(sequences: Sequences, length: int, generator: np.random.Generator) -> Windows:
    """Every item but a user's first is asked for once, after those before it in its window.

    Longer histories are cut at another place each time, so that no item is always the one without a past.
    """
    lengths = sequences.lengths()
    if not len(sequences.item):
        return _empty(length)
    newest, oldest = np.zeros(len(sequences.item), np.bool_), np.zeros(len(sequences.item), np.bool_)
    newest[sequences.start[1:][lengths > 0] - 1] = True
    oldest[sequences.start[:-1][lengths > 0]] = True
    row, place, rows = _cut(np.maximum(lengths - 1, 0), length, generator)
    windows = _empty(length, rows)
    windows.tokens[row, place] = sequences.item[~newest] + 1
    windows.targets[row, place] = sequences.item[~oldest] + 1
    windows.weights[row, place] = sequences.weight[~oldest]
    return windows


def cloze_windows(
    sequences: Sequences, length: int, generator: np.random.Generator, *, share: float, hidden: int
) -> Windows:
    """Each window with a random ``share`` of its items hidden behind the token ``hidden``, and these asked for.

    Of half of the windows the newest item alone is hidden, which is what an answer is asked with.
    """
    row, place, rows = _cut(sequences.lengths(), length, generator)
    windows = _empty(length, rows)
    windows.tokens[row, place] = sequences.item + 1
    asked = generator.random(windows.tokens.shape) < share
    asked[generator.random(rows) < 0.5] = False
    # A window in which nothing happens to be hidden would teach nothing: its newest item is hidden.
    asked &= windows.tokens != PADDING
    asked[~asked.any(axis=1), -1] = True
    windows.weights[row, place] = sequences.weight
    windows.weights[~asked] = 0
    windows.targets[asked] = windows.tokens[asked]
    windows.tokens[asked] = hidden
    return windows


def _empty(length: int, rows: int = 0) -> Windows:
    shape = (rows, length)
    return Windows(np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.float32))


def _cut(
    lengths: NDArray[np.int64], size: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """(row, place, rows): where each element of sequences of these lengths stands in windows of ``size``.

    The newest window of a sequence longer than ``size`` is shortened at random, which moves all cuts before it.
    """
    shift = np.where(lengths > size, generator.integers(0, size, len(lengths)), 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    from_end = np.cumsum(lengths)[owner] - 1 - np.arange(len(owner)) + shift[owner]
    window = from_end // size
    place = size - 1 - from_end % size + np.where(window == 0, shift[owner], 0)
    count = -(-(lengths + shift) // size) * (lengths > 0)
    row = (np.cumsum(count) - count)[owner] + window
    return row, place, int(count.sum())

"""Top-k lists and exact ranks from blocks of scores, the same on every machine.

An item stands before another if its score is higher, or if the scores are equal and its code is lower. That
rule holds everywhere, also where the k-th place falls among equal scores, so a list never depends on the
inner workings of a partition.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Ints, Scores

_TIE_CELLS = 4_000_000


def mask_seen(scores: Scores, rows: Ints, items: Ints) -> None:
    """Take the seen (row, item) pairs out of the candidates, in place: their score becomes -inf."""
    scores[rows, items] = -np.inf


def require_finite(scores: Scores, users: Ints) -> None:
    """Refuse scores that cannot be ordered.

    Raises:
        ValueError: a score is NaN or infinite; the message names the user, the item and the value.
    """
    if scores.size == 0 or (np.isfinite(scores.min()) and np.isfinite(scores.max())):
        return
    row, item = np.argwhere(~np.isfinite(scores))[0]
    raise ValueError(
        f"The score of user code {int(users[row])} and item code {int(item)} is {scores[row, item]}; "
        "scores must be finite numbers. A model that has diverged gives such scores."
    )


def top_k(scores: Scores, k: int, ordered: Scores | None = None) -> NDArray[np.int32]:
    """Item codes of the k best candidates of each row, best first, shape (users, k), padded with -1.

    Args:
        scores: shape (users, items), finite, or -inf where an item is no candidate.
        k: list length; may be larger than the number of candidates.
        ordered: the rows of ``scores`` sorted ascending, where the caller has them already.
    """
    if k < 1:
        raise ValueError(f"k is {k!r}; it must be 1 or more.")
    users, items = scores.shape
    width = min(k, items)
    if width == 0:
        return np.full((users, k), -1, dtype=np.int32)
    at = items - width
    last = (ordered if ordered is not None else np.partition(scores, at, axis=1))[:, at, None]
    keep = scores >= last
    flat = np.flatnonzero(keep)
    if len(flat) > users * width:
        _resolve_ties(scores, last, keep, width)
        flat = np.flatnonzero(keep)
    chosen = (flat % items).astype(np.int32).reshape(users, width)
    values = scores.ravel()[flat].reshape(users, width)
    order = np.argsort(-values, axis=1, kind="stable")
    best = np.take_along_axis(chosen, order, axis=1)
    best[np.isneginf(np.take_along_axis(values, order, axis=1))] = -1
    return best if width == k else np.pad(best, ((0, 0), (0, k - width)), constant_values=-1)


def _resolve_ties(scores: Scores, last: Scores, keep: Bools, width: int) -> None:
    """Keep exactly ``width`` items a row: of those equal to the last place, the ones with the lowest codes."""
    rows = np.flatnonzero(np.count_nonzero(keep, axis=1) > width)
    above = scores[rows] > last[rows]
    equal = keep[rows] & ~above
    places = width - np.count_nonzero(above, axis=1)
    equal &= np.cumsum(equal, axis=1, dtype=np.int32) <= places[:, None]
    keep[rows] = above | equal


def ranks(scores: Scores, ordered: Scores, rows: Ints, items: Ints) -> NDArray[np.int64]:
    """Place of each (row, item) among its row's candidates, 0 is best, shape (len(rows),).

    Args:
        scores: shape (users, candidates), -inf where an item is no candidate; the pairs asked for are candidates.
        ordered: the rows of ``scores`` sorted ascending.
    """
    values = scores[rows, items]
    not_above = _count_not_above(ordered, rows, values)
    places: NDArray[np.int64] = scores.shape[1] - not_above
    tied = np.flatnonzero((not_above > 1) & (ordered[rows, np.maximum(not_above - 2, 0)] == values))
    step = max(1, _TIE_CELLS // scores.shape[1])
    for start in range(0, len(tied), step):
        part = tied[start : start + step]
        equal = scores[rows[part]] == values[part, None]
        equal &= np.arange(scores.shape[1]) < items[part, None]
        places[part] += np.count_nonzero(equal, axis=1)
    return places


def _count_not_above(ordered: Scores, rows: Ints, values: Scores) -> NDArray[np.int64]:
    """Per pair, how many entries of its ascending row are at most its value: one bisection of all pairs at once."""
    low = np.zeros(len(rows), dtype=np.int64)
    high = np.full(len(rows), ordered.shape[1], dtype=np.int64)
    for _ in range(int(ordered.shape[1]).bit_length()):
        middle = (low + high) // 2
        active = low < high
        go_right = active & (ordered[rows, np.minimum(middle, ordered.shape[1] - 1)] <= values)
        low = np.where(go_right, middle + 1, low)
        high = np.where(active & ~go_right, middle, high)
    return low


def first_unseen(order: Ints, seen_rows: Ints, seen_items: Ints, users: int, k: int) -> NDArray[np.int32]:
    """Top-k lists of a ranking that is the same for everybody, without a users x items matrix.

    The j-th number missing from ascending numbers s_0, s_1, ... is j plus the count of i with s_i - i <= j.

    Args:
        order: every item code, best first, shape (items,).
        seen_rows, seen_items: distinct pairs to leave out, rows in [0, users).

    Returns: shape (users, k), padded with -1.
    """
    items = len(order)
    place = np.empty(items, dtype=np.int64)
    place[order] = np.arange(items)
    keys = np.sort(seen_rows * (items + 1) + place[seen_items])
    lengths = np.bincount(seen_rows, minlength=users)
    starts = np.cumsum(lengths) - lengths
    keys -= np.arange(len(keys)) - np.repeat(starts, lengths)
    wanted = np.arange(users)[:, None] * (items + 1) + np.arange(k)[None, :]
    position = np.arange(k)[None, :] + np.searchsorted(keys, wanted, side="right") - starts[:, None]
    lists = order[np.minimum(position, items - 1)].astype(np.int32)
    lists[position >= items] = -1
    return lists

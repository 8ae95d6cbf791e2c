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
"""Upper bound of the comparisons made at once for tied ranks."""
_GROUPS_A_PLACE = 4
"""Groups for each place of a list: with 4, about one place in eight is kept beyond those needed."""
_FEWEST_GROUPS = 128
"""Fewer are no quicker to look through."""
_SMALLEST_GROUP = 3
"""With fewer items a group, looking through the groups saves nothing."""
_CROWD = 256
"""A row may keep this many items to be sorted; beyond it (many equal scores) it is cut to size first."""


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
    if users == 0 or width == 0:
        return np.full((users, k), -1, dtype=np.int32)
    floor = ordered[:, items - width, None] if ordered is not None else _floor(scores, width)
    keep = (scores >= floor) & (scores > -np.inf)
    counts = np.count_nonzero(keep, axis=1)
    crowded = np.flatnonzero(counts > max(_CROWD, 4 * width))
    if len(crowded):
        keep[crowded] = _exactly(scores[crowded], width)
        counts[crowded] = np.count_nonzero(keep[crowded], axis=1)
    best = _in_order(scores, keep, counts, width)
    return best if width == k else np.pad(best, ((0, 0), (0, k - width)), constant_values=-1)


def _in_order(scores: Scores, keep: Bools, counts: NDArray[np.intp], width: int) -> NDArray[np.int32]:
    """The first ``width`` of the kept items of each row; kept items are found by code, so a stable sort breaks ties."""
    users, items = scores.shape
    flat = np.flatnonzero(keep)
    rows = np.repeat(np.arange(users), counts)
    place = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (users, max(int(counts.max()), width))
    chosen = np.full(shape, -1, dtype=np.int32)
    values = np.full(shape, np.inf, dtype=scores.dtype)
    chosen[rows, place] = flat - rows * items
    values[rows, place] = -scores.ravel()[flat]
    order = np.argsort(values, axis=1, kind="stable")[:, :width]
    return np.take_along_axis(chosen, order, axis=1)


def _floor(scores: Scores, width: int) -> Scores:
    """A value of each row, shape (users, 1), that at least ``width`` of its scores reach, and seldom many more.

    Each item is put into one of a few groups. The width-th best of the groups' maxima is reached by that many
    different items, and far fewer maxima than scores need to be looked through.
    """
    groups = max(_GROUPS_A_PLACE * width, _FEWEST_GROUPS)
    size = scores.shape[1] // groups
    if size < _SMALLEST_GROUP:
        at = scores.shape[1] - width
        return np.partition(scores, at, axis=1)[:, at, None]
    best = scores[:, : size * groups].reshape(-1, size, groups).max(axis=1)
    at = groups - width
    return np.partition(best, at, axis=1)[:, at, None]


def _exactly(scores: Scores, width: int) -> Bools:
    """Which ``width`` items of each row come first: of those equal to the last, the ones with the lowest codes."""
    at = scores.shape[1] - width
    last = np.partition(scores, at, axis=1)[:, at, None]
    above, equal = scores > last, (scores == last) & (last > -np.inf)
    places = width - np.count_nonzero(above, axis=1)
    equal &= np.cumsum(equal, axis=1, dtype=np.int32) <= places[:, None]
    kept: Bools = above | equal
    return kept


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

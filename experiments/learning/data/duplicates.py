"""Several rows about one (user, item) pair become one, by a stated rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import Feedback

EXPLICIT_RULE = (
    "A user has one rating for an item: the latest by time counts; where times are equal or missing, "
    "the one that stands last in the files. Where files bring a train and a test part, the row of the test part counts."
)
IMPLICIT_RULE = (
    "Events of one user with one item are added up: their strengths are summed and the latest time is kept. "
    "Rows that repeat another one exactly count as events of their own."
)
RULES: dict[Feedback, str] = {"explicit": EXPLICIT_RULE, "implicit": IMPLICIT_RULE}


@dataclass(frozen=True)
class Resolved:
    """``keep``: positions of the rows that stay, ascending. ``merged``: positions of the rows that do not.

    ``into`` is, for each merged row, the position of the row that stands for it. ``exact`` counts merged rows that
    equal the row they were merged into in value and time. ``value`` and ``timestamp`` hold the results for all rows.
    """

    keep: NDArray[np.int64]
    merged: NDArray[np.int64]
    into: NDArray[np.int64]
    exact: int
    value: NDArray[np.float32]
    timestamp: NDArray[np.int64] | None


def resolve(
    pair: NDArray[np.int64],
    value: NDArray[np.float32],
    timestamp: NDArray[np.int64] | None,
    part: NDArray[np.int8] | None,
    feedback: Feedback,
) -> Resolved:
    """One row a pair. Rows are given in file order; ``pair`` is one number for each (user, item).

    With a given split the training row of a pair gives way to its test row, whatever the times: the test part of
    somebody's split must stay whole.
    """
    repeated = _positions_of_repeated(pair)
    if not len(repeated):
        nothing = np.zeros(0, np.int64)
        return Resolved(np.arange(len(pair)), nothing, nothing, 0, value, timestamp)
    times = np.zeros(len(repeated), np.int64) if timestamp is None else timestamp[repeated]
    parts = np.zeros(len(repeated), np.int8) if part is None else part[repeated]
    # The last row of each pair in this order is the one that stays.
    order = repeated[np.lexsort((repeated, times, parts, pair[repeated]))]
    last_of_pair = np.append(pair[order][1:] != pair[order][:-1], True)
    group = np.concatenate(([0], np.cumsum(last_of_pair)[:-1]))
    stays = order[last_of_pair]
    merged, into = order[~last_of_pair], stays[group[~last_of_pair]]
    same_time = True if timestamp is None else timestamp[merged] == timestamp[into]
    exact = int(np.count_nonzero((value[merged] == value[into]) & same_time))
    if feedback == "implicit":
        value, timestamp = value.copy(), None if timestamp is None else timestamp.copy()
        value[stays] = np.bincount(group, weights=value[order].astype(np.float64)).astype(np.float32)
        if timestamp is not None:
            latest = np.full(len(stays), np.iinfo(np.int64).min)
            np.maximum.at(latest, group, timestamp[order])
            timestamp[stays] = latest
    keep = np.ones(len(pair), bool)
    keep[merged] = False
    by_position = np.argsort(merged, kind="stable")
    return Resolved(np.flatnonzero(keep), merged[by_position], into[by_position], exact, value, timestamp)


def _positions_of_repeated(pair: NDArray[np.int64]) -> NDArray[np.int64]:
    ordered = np.sort(pair)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(repeated):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.isin(pair, np.unique(repeated)))

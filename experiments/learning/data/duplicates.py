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
    """What to do with the repeated pairs; positions are those of the rows given.

    Attributes:
        merged: rows that give way, ascending, shape (m,).
        into: for each of them the row that stands for its pair from now on, shape (m,).
        exact: how many of them equal that row in value and time.
        stays: the rows that stand for their pairs, each once, shape (p,).
        value, timestamp: what these rows now say (implicit: sum and latest), shape (p,).
    """

    merged: NDArray[np.int64]
    into: NDArray[np.int64]
    exact: int
    stays: NDArray[np.int64]
    value: NDArray[np.float32]
    timestamp: NDArray[np.int64] | None


def resolve(
    pair: NDArray[np.int64],
    value: NDArray[np.float32],
    timestamp: NDArray[np.int64] | None,
    part: NDArray[np.int8] | None,
    feedback: Feedback,
) -> Resolved:
    """Which row of each repeated pair stays, and with what. Rows are given in file order, shape (n,).

    ``pair`` is one number for each (user, item). With a given split the training row of a pair gives way to its test
    row, whatever the times: the test part of somebody's split must stay whole.
    """
    repeated = _positions_of_repeated(pair)
    times = np.zeros(len(repeated), np.int64) if timestamp is None else timestamp[repeated]
    parts = np.zeros(len(repeated), np.int8) if part is None else part[repeated]
    # The last row of each pair in this order is the one that stays.
    order = repeated[np.lexsort((repeated, times, parts, pair[repeated]))]
    last_of_pair = np.append(pair[order][1:] != pair[order][:-1], [True] * bool(len(order))).astype(bool)
    group = np.cumsum(last_of_pair) - last_of_pair
    stays = order[last_of_pair]
    merged, into = order[~last_of_pair], stays[group[~last_of_pair]]
    same = value[merged] == value[into]
    if timestamp is not None:
        same &= timestamp[merged] == timestamp[into]
    new_value, new_time = value[stays], None if timestamp is None else timestamp[stays]
    if feedback == "implicit":
        new_value = np.bincount(group, value[order].astype(np.float64), minlength=len(stays)).astype(np.float32)
        if timestamp is not None and new_time is not None:
            np.maximum.at(new_time, group, timestamp[order])
    by_position = np.argsort(merged, kind="stable")
    return Resolved(merged[by_position], into[by_position], int(same.sum()), stays, new_value, new_time)


def _positions_of_repeated(pair: NDArray[np.int64]) -> NDArray[np.int64]:
    ordered = np.sort(pair)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(repeated):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.isin(pair, np.unique(repeated)))

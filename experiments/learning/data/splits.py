"""Ways to divide a dataset into train, validation and test; every one deterministic given its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.interactions import Interactions

SplitMethod = Literal["random", "time", "leave_last_out", "given"]
Rows = NDArray[np.int64]

LEAVE_LAST_OUT_NEEDS = 3
"""Users with fewer interactions stay in the training part: one to learn from, one to validate, one to test."""


@dataclass(frozen=True)
class SplitSpec:
    """How to split. ``test_share`` and ``validation_share`` are shares of all and of the non-test part.

    ``leave_last_out`` takes one interaction a user whatever the shares; ``given`` takes the test part as it came. The
    seed matters to ``random`` and to the validation part of ``given``.
    """

    method: SplitMethod = "random"
    test_share: float = 0.2
    validation_share: float = 0.1
    seed: int = 42


@dataclass(frozen=True)
class Split:
    """Row positions (into Interactions) of each part, ascending; disjoint, together all rows."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split(interactions: Interactions, spec: SplitSpec) -> Split:
    """Divides the rows; no part is ever empty.

    - random: a share of all rows, drawn without regard to users or times; validation likewise from the rest.
    - time: everything from a boundary in time on is test (half-open, so rows of one second are never torn apart), and
      the latest of the rest is validation. The boundary is the one that comes closest to the share.
    - leave_last_out: each user's last interaction is test and the one before it validation; users with fewer than three
      stay in train. Equal times are ordered by item.
    - given: as the files came; validation is drawn at random from their training part.

    Raises:
        DatasetError: the method needs times or a given split that the data does not have, a share is not between
            0 and 1, or a part would be empty.
    """
    for name in ("test_share", "validation_share"):
        share = getattr(spec, name)
        if not 0 < share < 1:
            raise DatasetError(name, "is not a share", value=share, accepted="a number above 0 and below 1")
    if spec.method not in _METHODS:
        raise DatasetError("split method", "is not known", value=spec.method, accepted=", ".join(_METHODS))
    parts = _METHODS[spec.method](interactions, spec)
    for name in ("train", "validation", "test"):
        if not len(getattr(parts, name)):
            raise DatasetError(
                f"{name} part",
                f"would be empty: {len(interactions):,} rows are too few for this split",
                value=f"{spec.method}, test {spec.test_share:g}, validation {spec.validation_share:g}",
                accepted="more data, other shares or another method",
            )
    return parts


def available_methods(interactions: Interactions) -> tuple[SplitMethod, ...]:
    """Methods that fit the data, the default of decision D2 first: given files, then time, then random."""
    methods: list[SplitMethod] = []
    if interactions.part is not None:
        methods.append("given")
    if interactions.timestamp is not None and len(np.unique(interactions.timestamp)) >= LEAVE_LAST_OUT_NEEDS:
        methods += ["time", "random", "leave_last_out"]
    else:
        methods.append("random")
    return tuple(methods)


def _random(interactions: Interactions, spec: SplitSpec) -> Split:
    generator = np.random.default_rng(spec.seed)
    rest, test = _draw(np.arange(len(interactions)), spec.test_share, generator)
    train, validation = _draw(rest, spec.validation_share, generator)
    return Split(train, validation, test)


def _time(interactions: Interactions, spec: SplitSpec) -> Split:
    timestamp = _timestamps(interactions, "time")
    rest, test = latest(np.arange(len(interactions)), timestamp, spec.test_share)
    train, validation = latest(rest, timestamp, spec.validation_share)
    return Split(train, validation, test)


def _leave_last_out(interactions: Interactions, spec: SplitSpec) -> Split:
    timestamp = _timestamps(interactions, "leave_last_out")
    order = np.lexsort((interactions.item, timestamp, interactions.user))
    user = interactions.user[order]
    counts = np.bincount(user, minlength=interactions.num_users)
    ends = np.cumsum(counts)
    last = ends[counts >= LEAVE_LAST_OUT_NEEDS] - 1
    held_out = np.zeros(len(order), np.int8)
    held_out[last], held_out[last - 1] = 2, 1
    return Split(*(np.sort(order[held_out == part]) for part in (0, 1, 2)))


def _given(interactions: Interactions, spec: SplitSpec) -> Split:
    if interactions.part is None:
        raise DatasetError(
            "split method",
            "the data came without a split of its own",
            value="given",
            accepted=", ".join(available_methods(interactions)),
        )
    rest, test = np.flatnonzero(interactions.part == 0), np.flatnonzero(interactions.part == 1)
    train, validation = _draw(rest, spec.validation_share, np.random.default_rng(spec.seed))
    return Split(train, validation, test)


_METHODS: dict[SplitMethod, Callable[[Interactions, SplitSpec], Split]] = {
    "random": _random,
    "time": _time,
    "leave_last_out": _leave_last_out,
    "given": _given,
}


def _timestamps(interactions: Interactions, method: SplitMethod) -> NDArray[np.int64]:
    if interactions.timestamp is None:
        raise DatasetError(
            "split method", "the data has no times", value=method, accepted=", ".join(available_methods(interactions))
        )
    return interactions.timestamp


def _draw(rows: Rows, share: float, generator: np.random.Generator) -> tuple[Rows, Rows]:
    """(rest, drawn), both ascending; at least one row is drawn where there are two."""
    count = min(max(round(len(rows) * share), 1), max(len(rows) - 1, 0))
    drawn = np.zeros(len(rows), bool)
    drawn[generator.permutation(len(rows))[:count]] = True
    return rows[~drawn], rows[drawn]


def latest(rows: Rows, timestamp: NDArray[np.int64], share: float) -> tuple[Rows, Rows]:
    """(before, from the boundary on), both ascending."""
    times, counts = np.unique(timestamp[rows], return_counts=True)
    if len(times) < 2:
        raise DatasetError(
            "split method", "all times are equal, so nothing can be later", value="time", accepted="random"
        )
    # Rows from each possible boundary on; the earliest time is none, as nothing would come before it.
    after = np.cumsum(counts[::-1])[::-1][1:]
    boundary = times[1:][np.argmin(np.abs(after - share * len(rows)))]
    late = timestamp[rows] >= boundary
    return rows[~late], rows[late]

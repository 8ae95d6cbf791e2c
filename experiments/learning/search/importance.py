"""How much each parameter mattered: the share of the variation of what trials reached that it alone explains.

Values are replaced by their ranks, so that one bad trial does not decide, and each parameter is cut into groups of
about equal size (its choices, where it has few). The share is the adjusted correlation ratio (epsilon squared; Kelley,
PNAS 1935): 1 - (1 - eta squared)(n - 1) / (n - groups), which is 0 on average where the parameter does not matter.
Unlike a linear correlation it sees a best value in the middle. Effects that two parameters only have together are
in neither, so shares need not sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST_TRIALS = 10
MOST_GROUPS = 4


def importances(values: Sequence[float], drawn: Mapping[str, Sequence[Any]]) -> dict[str, float | None]:
    """{parameter: share, 0 to 1}, the largest first; None of a parameter that did not vary.

    Args:
        values: what each trial reached, finite.
        drawn: of each parameter the value in each trial, as long as ``values``; None where it had none.

    Empty for fewer than ten trials: then nothing is known.
    """
    if len(values) < FEWEST_TRIALS:
        return {}
    ranks = _ranks(np.asarray(values, dtype=np.float64))
    found = {name: _share(ranks, groups_of(column)) for name, column in drawn.items()}
    return dict(sorted(found.items(), key=lambda one: -(one[1] if one[1] is not None else -1.0)))


def groups_of(column: Sequence[Any]) -> NDArray[np.int64]:
    """The group of each trial, from 0: equal values together; of many different numbers four of about equal size."""
    different = list(dict.fromkeys(map(_key, column)))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in column)
    if len(different) <= MOST_GROUPS or not numbers:
        place = {key: number for number, key in enumerate(different)}
        return np.array([place[_key(value)] for value in column], dtype=np.int64)
    ranks = _ranks(np.asarray(column, dtype=np.float64))
    return np.minimum((ranks / len(ranks) * MOST_GROUPS).astype(np.int64), MOST_GROUPS - 1)


def _share(ranks: NDArray[np.float64], groups: NDArray[np.int64]) -> float | None:
    number = len(np.unique(groups))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if number < 2 or number >= len(ranks) or total == 0:
        return None
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in (ranks[groups == g] for g in np.unique(groups)))
    adjusted = 1 - within / total * (len(ranks) - 1) / (len(ranks) - number)
    return max(0.0, adjusted)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0, equal values sharing the mean of their places."""
    different, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    middle: NDArray[np.float64] = (last - count + last - 1) / 2
    return middle[place.reshape(-1)] if len(different) else values


def _key(value: Any) -> str:
    return f"{type(value).__name__}:{value}"

"""Which users a run has a metric for, and which users two runs have in common.

Runs are gathered by the set of users they are judged on, so that runs over the same users – the usual case, one split –
are resampled together in one pass, and any other pair in a pass of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.comparison.errors import CannotCompare
from experiments.learning.comparison.estimators import Estimator
from experiments.learning.comparison.per_user import TEST_COLUMNS
from experiments.learning.comparison.results import RunScores
from experiments.learning.comparison.table_estimators import ROWS
from experiments.learning.comparison.unit_words import USER, counted, plural, unit_of
from experiments.learning.comparison.units import Blocks, unit_sums
from experiments.learning.metrics.arrays import Floats

Users = NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """One run's columns for the users who have the metric: ascending users, shape (n,), columns of shape (n,).

    ``test`` are columns that describe the test part and not the run, where the table has them.
    """

    key: str
    users: Users
    columns: tuple[Floats, ...]
    test: dict[str, Floats]
    undefined: int

    @classmethod
    def of(cls, run: RunScores, estimator: Estimator) -> Measured:
        """Raises CannotCompare where a column is missing, users are out of order or doubled, or a value infinite."""
        scores = run.scores
        if np.any(scores.users[1:] <= scores.users[:-1]):
            raise CannotCompare(
                f"Users of run {run.key} are not distinct and ascending; PerUser.of puts them in order."
            )
        missing = [name for name in estimator.columns if name not in scores.columns]
        if missing:
            raise CannotCompare(f"Run {run.key} has no per-user column {missing[0]!r}, which {estimator.name} needs.")
        columns = tuple(np.asarray(scores.columns[name], dtype=np.float64) for name in estimator.columns)
        for name, column in zip(estimator.columns, columns, strict=True):
            if np.isinf(column).any():
                raise CannotCompare(f"{name} of run {run.key} is infinite for some users; accepted: numbers.")
            if name in ("ratings", ROWS) and (column <= 0).any():
                who = plural(unit_of(scores.protocol))
                raise CannotCompare(f"Run {run.key} has {who} without {name}; accepted: at least one each.")
        undefined = np.isnan(columns[0])
        for column in columns[1:]:
            undefined = undefined | np.isnan(column)
        test = {name: np.asarray(scores.columns[name]) for name in TEST_COLUMNS if name in scores.columns}
        count = int(np.count_nonzero(undefined))
        if not count:
            return cls(run.key, scores.users, columns, test, 0)
        kept = ~undefined
        return cls(
            run.key,
            scores.users[kept],
            tuple(column[kept] for column in columns),
            {name: column[kept] for name, column in test.items()},
            count,
        )

    def __len__(self) -> int:
        return len(self.users)

    def over(self, users: Users) -> tuple[Floats, ...]:
        """Columns for some of its users."""
        return self._of(users, self.columns)

    def test_over(self, users: Users, name: str) -> Floats:
        """A column of the test part for some of its users."""
        return self._of(users, (self.test[name],))[0]

    def _of(self, users: Users, columns: tuple[Floats, ...]) -> tuple[Floats, ...]:
        if len(users) == len(self.users):
            return columns
        position = np.searchsorted(self.users, users)
        return tuple(column[position] for column in columns)


@dataclass
class Group:
    """Runs and pairs of runs judged on the same users. Numbers are positions in the list of runs."""

    users: Users
    alone: list[int] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)

    @property
    def members(self) -> list[int]:
        return sorted({*self.alone, *(run for pair in self.pairs for run in pair)})


def groups_of(runs: Sequence[Measured]) -> list[Group]:
    """Every run in one group as itself, and every pair in one group."""
    groups: list[Group] = []
    own: list[int] = []
    for position, run in enumerate(runs):
        number = _group_of(groups, run.users)
        groups[number].alone.append(position)
        own.append(number)
    shared: dict[tuple[int, int], int] = {}
    for a, b in combinations(range(len(runs)), 2):
        both = (min(own[a], own[b]), max(own[a], own[b]))
        if both not in shared:
            common = np.intersect1d(groups[both[0]].users, groups[both[1]].users, assume_unique=True)
            shared[both] = both[0] if both[0] == both[1] else _group_of(groups, common)
        groups[shared[both]].pairs.append((a, b))
    return groups


def _group_of(groups: list[Group], users: Users) -> int:
    for number, group in enumerate(groups):
        if np.array_equal(group.users, users):
            return number
    groups.append(Group(users))
    return len(groups) - 1


def same_rows(a: Measured, b: Measured, users: Users) -> bool:
    """Whether both runs have the same values for each of these users."""
    return all(np.array_equal(left, right) for left, right in zip(a.over(users), b.over(users), strict=True))


def require_same_test(a: Measured, b: Measured, users: Users, unit: str = USER) -> None:
    """Raises CannotCompare where the same users have another number of test ratings or rows, or of relevant ones."""
    for name in (name for name in TEST_COLUMNS if name in a.test and name in b.test):
        differ = int(np.count_nonzero(a.test_over(users, name) != b.test_over(users, name)))
        if differ:
            raise CannotCompare(
                f"Runs {a.key} and {b.key} were tested on different {'rows' if name == ROWS else 'ratings'}: {name} "
                f"differs for {differ} of {counted(len(users), unit)}. "
                f"Accepted: runs of the same split{'' if name == ROWS else ' and relevance rule'}."
            )


def sums_of(runs: Sequence[Measured], users: Users, blocks: Blocks) -> Floats:
    """Sums of each unit and run over these users, shape (units, runs, columns + 1)."""
    return np.stack([unit_sums(run.over(users), blocks) for run in runs], axis=1)

"""What is stored of the users of one run, as far as expressions need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.custom_metrics.terms import SEGMENT
from experiments.learning.metrics.arrays import Floats
from experiments.learning.metrics.segments import USER_SEGMENTS

KEYS = ("user", "protocol")


class NoUserTables(ValueError):
    """The stored results of the users cannot be read; the text says why, in words for people."""


@dataclass(frozen=True)
class Needs:
    """What an expression reads.

    Attributes:
        columns: protocol to the columns of it; ``segment`` where the user's segment is asked for.
        metrics: (protocol, name) of the figures of the run.
    """

    columns: Mapping[str, tuple[str, ...]]
    metrics: tuple[tuple[str, str], ...] = ()

    @cached_property
    def users(self) -> bool:
        """Whether it reads anything of single users."""
        return bool(self.columns)


@dataclass(frozen=True)
class UserTable:
    """Users of one protocol: codes, distinct and ascending, and their values, all of shape (n,); NaN is undefined."""

    users: NDArray[np.int64]
    columns: Mapping[str, Floats]

    @classmethod
    def of(cls, users: NDArray[np.int64], columns: Mapping[str, Floats]) -> UserTable:
        """From users in any order. Raises NoUserTables where a user occurs twice."""
        order = np.argsort(users, kind="stable")
        codes = users[order]
        if (codes[1:] == codes[:-1]).any():
            raise NoUserTables("A user occurs more than once in the run's stored results.")
        return cls(codes, {name: values[order] for name, values in columns.items()})

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class UserTables:
    """Protocol to its users. ``stored`` are the columns that the file has at all, whether or not they were read."""

    of: Mapping[str, UserTable] = field(default_factory=dict)
    stored: frozenset[str] = frozenset()

    def lacks(self, needs: Needs) -> str:
        """What of ``needs`` is not there, in words; "" where all is."""
        for protocol, names in needs.columns.items():
            missing = [name for name in names if name not in self.stored]
            if missing:
                return (
                    f"needs {' and '.join(missing)}, which this run's stored results do not have: "
                    "train or evaluate again"
                )
            if protocol not in self.of or not len(self.of[protocol]):
                return f"needs the {protocol} protocol, under which this run has no users"
        return ""


def read_users(path: Path, needs: Iterable[Needs]) -> UserTables:
    """The part of a per-user table that these need; columns that the file lacks are left out, not an error.

    Raises:
        NoUserTables: the file is missing, damaged, or has no table of users.
    """
    wanted: dict[str, set[str]] = {}
    for need in needs:
        for protocol, names in need.columns.items():
            wanted.setdefault(protocol, set()).update(names)
    stored = _stored(path)
    read = {protocol: _read(path, protocol, sorted(names & stored)) for protocol, names in wanted.items()}
    return UserTables(read, stored)


# pyarrow is imported where it is used: pages and commands that only check an expression start without it.
def _stored(path: Path) -> frozenset[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise NoUserTables("its per-user results are not on disk")
    try:
        names = frozenset(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise NoUserTables(f"its per-user results cannot be read ({_first_line(error)})") from error
    if not names.issuperset(KEYS):
        raise NoUserTables("its per-user results have no users or no protocols")
    return names


def _read(path: Path, protocol: str, names: list[str]) -> UserTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["user", *names], filters=[("protocol", "==", protocol)])
        columns: dict[str, Floats] = {}
        for name in names:
            columns |= _segments(table[name]) if name == SEGMENT else {name: _numbers(table[name])}
        return UserTable.of(table["user"].cast("int64").to_numpy(), columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise NoUserTables(f"its per-user results cannot be read ({_first_line(error)})") from error


def _numbers(column: Any) -> Floats:
    """As float64; infinite values, which no evaluation stores, are undefined."""
    values: Floats = column.cast("float64").to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _segments(column: Any) -> dict[str, Floats]:
    """Each segment as a condition."""
    given = column.to_numpy(zero_copy_only=False)
    return {name: (given == name).astype(np.float64) for name in USER_SEGMENTS}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]

"""Per-user results of one run and protocol, read from the table that its evaluation stored.

The table has one row a counted user and protocol (``metrics.report.per_user_table``): user (code), protocol, segment,
and one column a metric; rows of other protocols hold nothing in a metric's column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experiments.learning.comparison.errors import CannotCompare, NoPerUserResults
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.table_estimators import ROWS, TABLE_ESTIMATORS
from experiments.learning.comparison.unit_words import unit_of
from experiments.learning.metrics.arrays import Floats

KEYS = ("user", "protocol", "segment")
PROTOCOLS = ("rated", "catalogue", "pointwise", *TABLE_ESTIMATORS)
TEST_COLUMNS = ("ratings", "relevant", ROWS)
"""Per-user columns that are the same for every run on a test part: its ratings, how many of them are relevant, and the
rows of a table."""


@dataclass(frozen=True)
class PerUser:
    """Values of each user under one protocol; NaN where a metric is not defined for a user.

    Attributes:
        protocol: rated, catalogue or pointwise, or one of a table, whose series, products, customers or places stand
            for users.
        users: codes, distinct and ascending, shape (n,).
        columns: name to values, each of shape (n,).
        segment: "all", or the one segment of users that was read.
    """

    protocol: str
    users: NDArray[np.int64]
    columns: Mapping[str, Floats]
    segment: str = "all"

    @classmethod
    def of(
        cls, protocol: str, users: Iterable[int], columns: Mapping[str, Iterable[float]], segment: str = "all"
    ) -> PerUser:
        """From users in any order.

        Raises:
            CannotCompare: a user occurs twice, a column is not as long as ``users``, or a value is infinite.
        """
        codes = np.asarray(users, dtype=np.int64)
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        twice = codes[1:][codes[1:] == codes[:-1]]
        if len(twice):
            raise CannotCompare(f"User {twice[0]} occurs more than once; accepted: one row a user and protocol.")
        sorted_columns = {}
        for name, given in columns.items():
            values = np.asarray(given, dtype=np.float64)
            if values.shape != codes.shape:
                raise CannotCompare(f"{name} has shape {values.shape}; accepted: one value a user, {codes.shape}.")
            if np.isinf(values).any():
                raise CannotCompare(f"{name} is infinite for {int(np.isinf(values).sum())} users; accepted: numbers.")
            sorted_columns[name] = values[order]
        return cls(protocol, codes, sorted_columns, segment)

    def __len__(self) -> int:
        return len(self.users)


def read(path: Path, protocol: str, *, columns: Iterable[str] | None = None, segment: str = "all") -> PerUser:
    """One protocol's rows of a per-user table; only the columns asked for leave the disk (all where None).

    Columns that describe the test part (ratings, relevant) are read along where the file has them, so that a comparison
    notices runs that were tested on different ratings.

    Args:
        path: the Parquet file.
        columns: per-user columns, such as ``estimator_for(protocol, name).columns``.
        segment: a segment of users ("new_users", "light_users" …) or "all".

    Raises:
        NoPerUserResults: the file is missing or damaged, or holds no such protocol, column or segment.
        CannotCompare: it holds a user twice, or an infinite value.
    """
    schema = _schema(path)
    wanted = [name for name in schema.names if name not in KEYS] if columns is None else list(dict.fromkeys(columns))
    missing = [name for name in wanted if name not in schema.names]
    if missing:
        raise NoPerUserResults(f"The run's per-user results have no column {missing[0]!r}.")
    wanted += [name for name in TEST_COLUMNS if name in schema.names and name not in wanted]
    keys = ["user"] if segment == "all" else ["user", "segment"]
    table = _table(path, [*keys, *wanted], protocol)
    if not table.num_rows:
        raise NoPerUserResults(f"The run's per-user results have no {unit_of(protocol)} under the {protocol} protocol.")
    if segment != "all":
        table = table.filter(pc.equal(table["segment"], segment))
        if not table.num_rows:
            unit = unit_of(protocol)
            raise NoPerUserResults(f"The run's per-user results have no {unit} in the segment {segment!r}.")
    values = {name: _numbers(table, name) for name in wanted}
    optional = values if columns is None else TEST_COLUMNS
    values = {name: column for name, column in values.items() if name not in optional or not np.isnan(column).all()}
    return PerUser.of(protocol, _codes(table), values, segment)


def metrics_available(path: Path) -> dict[str, tuple[str, ...]]:
    """Metrics of each protocol that can be compared per user, by wire name; protocols without any are left out.

    Raises:
        NoPerUserResults: the file is missing or damaged.
    """
    names = [name for name in _schema(path).names if name not in KEYS]
    return {
        protocol: metrics
        for protocol in PROTOCOLS
        if (metrics := _metrics_of(protocol, _filled(_table(path, names, protocol))))
    }


def _metrics_of(protocol: str, columns: set[str]) -> tuple[str, ...]:
    """Every metric whose columns are all there, in the order in which the columns stand."""
    candidates = dict.fromkeys(["rmse", "mae"] if protocol == "pointwise" else TABLE_ESTIMATORS.get(protocol, []))
    for name in sorted(columns):
        candidates[name] = None
        if name.startswith("recall_at_"):
            candidates[name.replace("recall", "f1", 1)] = None
    found = []
    for name in candidates:
        estimator = estimator_for(protocol, name)
        if estimator is not None and columns.issuperset(estimator.columns):
            found.append(name)
    return tuple(found)


def _filled(table: Any) -> set[str]:
    return {name for name in table.column_names if table[name].null_count < table.num_rows}


def _schema(path: Path) -> Any:
    if not path.is_file():
        raise NoPerUserResults("The run's per-user results are not on disk.")
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise NoPerUserResults(f"The run's per-user results cannot be read: {error}.") from error
    missing = [name for name in KEYS if name not in schema.names]
    if missing:
        raise NoPerUserResults(f"The run's per-user results have no column {missing[0]!r}.")
    return schema


def _table(path: Path, columns: list[str], protocol: str) -> Any:
    try:
        return pq.read_table(path, columns=columns, filters=[("protocol", "==", protocol)])
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise NoPerUserResults(f"The run's per-user results cannot be read: {error}.") from error


def _codes(table: Any) -> NDArray[np.int64]:
    column = table["user"]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise NoPerUserResults(f"Users of the run's per-user results are {column.type}; accepted: whole numbers.")
    codes: NDArray[np.int64] = column.to_numpy().astype(np.int64)
    return codes


def _numbers(table: Any, name: str) -> Floats:
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)):
        raise NoPerUserResults(f"Column {name!r} of the run's per-user results is {column.type}; accepted: numbers.")
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return values

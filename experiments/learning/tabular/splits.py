"""Ways to divide a table into train, validation and test; every one deterministic given its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from experiments.learning.families import Family
from experiments.learning.tabular.base import (
    Roles,
    Rows,
    TableError,
    TablePart,
    TableSplit,
    TableSplitMethod,
    TabularData,
)
from experiments.learning.tabular.blocks import squares
from experiments.learning.tabular.columns import MICROSECONDS_A_DAY, day_name, known_numbers, texts, times

METHODS_OF: Mapping[Family, tuple[TableSplitMethod, ...]] = {
    Family.FORECASTING: ("rolling_origin", "time"),
    Family.PRICING: ("time", "random", "rolling_origin"),
    Family.NEXT_BEST_ACTION: ("time", "random", "rolling_origin"),
    Family.LOCATION_SCORING: ("spatial_blocks", "random"),
}
"""Methods that mean something to a family, its default first. A forecast is never judged on rows between known ones."""
_NEEDS_TIME = ("time", "rolling_origin")


def methods_for(family: Family, roles: Roles) -> tuple[TableSplitMethod, ...]:
    """Methods of a family that the roles allow: those over time need a time role. The default comes first."""
    return tuple(method for method in METHODS_OF[family] if roles.time or method not in _NEEDS_TIME)


def default_split(family: Family, roles: Roles) -> TableSplit:
    """The split a family takes where nobody says otherwise: rolling origins, newest rows, or whole squares of land.

    Raises TableError where the family has no split for these roles (a forecast without a time).
    """
    methods = methods_for(family, roles)
    if not methods:
        raise TableError(f"{family.label} has no time column. Accepted: a column with the role time.")
    return TableSplit(method=methods[0])  # type: ignore[call-arg]


def split_table(data: TabularData, split: TableSplit) -> list[TablePart]:
    """Divides the rows; no part is ever empty. One part, but for ``rolling_origin``: one an origin, oldest first.

    - random: a share of all rows, or of all units with the rows of each kept together; validation likewise of the rest.
    - time: everything from a boundary in time on is test, and the latest of the rest validation. Rows of one time are
      never torn apart; the boundary is the one that comes closest to the share.
    - rolling_origin: ``folds`` origins, ``horizon`` days apart, the last one ``horizon`` days before the last day. Test
      are the ``horizon`` days after the origin's day; everything up to that day is train, its newest share validation.
    - spatial_blocks: squares of ``block_km`` kilometres, drawn by the seed until test has its share of the places,
      then validation its share of the rest.

    Raises:
        TableError: the family lacks the method, a column is missing or holds something else, or a part would be empty.
    """
    accepted = methods_for(data.family, data.roles)
    if split.method not in accepted:
        reason = " without a time column" if split.method in METHODS_OF[data.family] else ""
        raise TableError(
            f"split method is {split.method!r}, which {data.family.label.lower()}{reason} lacks. "
            f"Accepted: {', '.join(accepted) or 'a column with the role time'}."
        )
    parts = _METHODS[split.method](data, split)
    for part in parts:
        for name in ("train", "validation", "test"):
            if not len(getattr(part, name)):
                raise TableError(
                    f"The {name} part{f' of {part.name}' if part.name else ''} would be empty: {len(data):,} rows are "
                    f"too few for the split {split.method}. Accepted: more data, other shares or another method."
                )
    return parts


def judged_on_validation(data: TabularData, part: TablePart, split: TableSplit) -> TablePart:
    """The part with its validation rows to be tested, and its training rows divided once more in the same way.

    So a search can judge a method without its test rows, by a model that has not seen what it is judged on.
    Raises TableError where the training rows are too few to be divided.
    """
    rows = part.train
    if split.method in _NEEDS_TIME:
        moments = times(data.frame, data.roles.time)
        train, validation = _latest(rows, moments, split.validation_share, data.roles.time, spare=1)
    elif split.method == "random":
        groups = rows if not data.roles.unit else _codes(texts(data.frame, data.roles.unit))[rows]
        rest, drawn = _draw(np.unique(groups), split.validation_share, np.random.default_rng(split.seed))
        train, validation = rows[np.isin(groups, rest)], rows[np.isin(groups, drawn)]
    else:
        latitude = known_numbers(data.frame, data.roles.latitude)
        blocks = _codes(squares(latitude, known_numbers(data.frame, data.roles.longitude), split.block_km))[rows]
        sizes = np.bincount(blocks)
        order = np.random.default_rng(split.seed).permutation(np.unique(blocks))
        drawn, rest = _until(order, sizes, split.validation_share * len(rows), spare=1)
        train, validation = rows[np.isin(blocks, rest)], rows[np.isin(blocks, drawn)]
    if not len(train) or not len(validation):
        raise TableError(
            f"{len(rows):,} training rows are too few to judge a trial without its test rows. Accepted: more data."
        )
    return TablePart(train, validation, part.validation, part.name)


def _random(data: TabularData, split: TableSplit) -> list[TablePart]:
    generator = np.random.default_rng(split.seed)
    groups = np.arange(len(data)) if not data.roles.unit else _codes(texts(data.frame, data.roles.unit))
    units = np.arange(groups.max(initial=-1) + 1)
    rest, test = _draw(units, split.test_share, generator)
    train, validation = _draw(rest, split.validation_share, generator)
    return [_part(groups, train, validation, test)]


def _time(data: TabularData, split: TableSplit) -> list[TablePart]:
    moments = times(data.frame, data.roles.time)
    rest, test = _latest(np.arange(len(data)), moments, split.test_share, data.roles.time, spare=2)
    train, validation = _latest(rest, moments, split.validation_share, data.roles.time, spare=1)
    return [TablePart(train, validation, test)]


def _rolling_origin(data: TabularData, split: TableSplit) -> list[TablePart]:
    moments = times(data.frame, data.roles.time)
    day = moments // MICROSECONDS_A_DAY
    if not len(day):
        return []
    first, last = int(day.min()), int(day.max())
    needed = split.folds * split.horizon + 2  # two days to learn from and to validate on
    if last - first + 1 < needed:
        raise TableError(
            f"{data.roles.time} covers {last - first + 1} days, from {day_name(first)} to {day_name(last)}; "
            f"{split.folds} folds of {split.horizon} days need {needed}. Accepted: more days, fewer folds or a shorter "
            "horizon."
        )
    parts = []
    for fold in range(split.folds, 0, -1):
        origin = last - fold * split.horizon
        known = np.flatnonzero(day <= origin)
        train, validation = _latest(known, moments, split.validation_share, data.roles.time, spare=1)
        test = np.flatnonzero((day > origin) & (day <= origin + split.horizon))
        parts.append(TablePart(train, validation, test, day_name(origin)))
    return parts


def _spatial_blocks(data: TabularData, split: TableSplit) -> list[TablePart]:
    latitude = known_numbers(data.frame, data.roles.latitude)
    longitude = known_numbers(data.frame, data.roles.longitude)
    blocks = _codes(squares(latitude, longitude, split.block_km))
    sizes = np.bincount(blocks)
    if len(sizes) < 3:
        raise TableError(
            f"block_km is {split.block_km:g}, which makes {len(sizes)} blocks of these places. Accepted: smaller "
            "blocks, so that there are at least 3: to learn from, to validate and to test."
        )
    drawn = np.random.default_rng(split.seed).permutation(len(sizes))
    test, rest = _until(drawn, sizes, split.test_share * len(data), spare=2)
    validation, train = _until(rest, sizes, split.validation_share * float(sizes[rest].sum()), spare=1)
    return [_part(blocks, train, validation, test)]


_METHODS: dict[TableSplitMethod, Callable[[TabularData, TableSplit], list[TablePart]]] = {
    "random": _random,
    "time": _time,
    "rolling_origin": _rolling_origin,
    "spatial_blocks": _spatial_blocks,
}


def _codes(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """0 … n - 1 in order of the values, the same whatever the order of the rows."""
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def _part(groups: NDArray[np.int64], train: Rows, validation: Rows, test: Rows) -> TablePart:
    """The rows of each set of groups."""

    def rows(members: Rows) -> Rows:
        return np.flatnonzero(np.isin(groups, members))

    return TablePart(rows(train), rows(validation), rows(test))


def _draw(units: Rows, share: float, generator: np.random.Generator) -> tuple[Rows, Rows]:
    """(rest, drawn), both ascending; at least one is drawn where there are two."""
    count = min(max(round(len(units) * share), 1), max(len(units) - 1, 0))
    drawn = np.zeros(len(units), bool)
    drawn[generator.permutation(len(units))[:count]] = True
    return units[~drawn], units[drawn]


def _latest(rows: Rows, moments: NDArray[np.int64], share: float, column: str, *, spare: int) -> tuple[Rows, Rows]:
    """(before, from the boundary on), both ascending; the boundary is the one closest to the share.

    At least ``spare`` different times stay before it.
    """
    found, counts = np.unique(moments[rows], return_counts=True)
    if len(found) <= spare:
        raise TableError(f"{column} has only {len(found)} different times here. Accepted: {spare + 1} or more.")
    after = np.cumsum(counts[::-1])[::-1][spare:]
    late = moments[rows] >= found[spare:][np.argmin(np.abs(after - share * len(rows)))]
    return rows[~late], rows[late]


def _until(drawn: Rows, sizes: NDArray[np.int64], goal: float, *, spare: int) -> tuple[Rows, Rows]:
    """(taken, left): blocks in the order drawn until they hold ``goal`` places; ``spare`` blocks are always left."""
    reached = int(np.searchsorted(np.cumsum(sizes[drawn]), goal)) + 1
    count = min(reached, len(drawn) - spare)
    return drawn[:count], drawn[count:]

"""What a table looks like, as JSON-able numbers for its page: never NaN, times ISO 8601 in UTC."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pandas as pd

from experiments.learning.data.statistics import MAX_TIME_BUCKETS, iso, number_summary
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles

ColumnType = Literal["number", "time", "text"]
MOST_VALUES = 15
"""Values of a text column that are counted by name; the rest are counted together."""
MOST_DISTRIBUTIONS = 60
"""Columns whose distribution is kept; those with a role first."""
DAY = 86_400


def type_of(cells: pd.Series) -> ColumnType:
    """What a stored column holds."""
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return "time"
    return "number" if pd.api.types.is_numeric_dtype(cells.dtype) else "text"


def role_of(roles: Roles) -> dict[str, str]:
    """Column → name of its role; columns without one are left out."""
    found: dict[str, str] = {}
    for role, value in roles:
        if role == "control":
            continue
        for column in [value] if isinstance(value, str) else value:
            if column:
                found[column] = role
    return found


def describe_columns(frame: pd.DataFrame, roles: Roles) -> list[dict[str, Any]]:
    """One record a column: name, type, role ("" for none), missing and distinct (counts), minimum and maximum."""
    role = role_of(roles)
    return [_column(str(name), frame[name], role.get(str(name), "")) for name in frame.columns]


def describe(frame: pd.DataFrame, roles: Roles, family: Family) -> dict[str, Any]:
    """Everything the page of a table draws.

    Keys: rows, family, time (first, last, days; None without a time role), activity (rows a bucket of days),
    distributions: one record a column in the order of roles, with ``histogram`` (numbers) or ``values`` (text).
    """
    role = role_of(roles)
    ordered = [*role, *(str(name) for name in frame.columns if str(name) not in role)]
    shown = [name for name in ordered if name in frame.columns][:MOST_DISTRIBUTIONS]
    times = frame[roles.time].dropna() if roles.time and roles.time in frame.columns else None
    return {
        "rows": len(frame),
        "family": family.value,
        "time": _time_range(times),
        "activity": _activity(times),
        "distributions": [_distribution(name, frame[name], role.get(name, "")) for name in shown],
    }


def _column(name: str, cells: pd.Series, role: str) -> dict[str, Any]:
    known = cells.dropna()
    low, high = (known.min(), known.max()) if len(known) else (None, None)
    kind = type_of(cells)
    return {
        "name": name,
        "type": kind,
        "role": role,
        "missing": int(cells.isna().sum()),
        "distinct": int(known.nunique()),
        "minimum": _end(low, kind),
        "maximum": _end(high, kind),
    }


def _end(value: Any, kind: ColumnType) -> float | str | None:
    if value is None or kind == "text":
        return None
    return iso(int(value.timestamp())) if kind == "time" else float(value) if math.isfinite(value) else None


def _distribution(name: str, cells: pd.Series, role: str) -> dict[str, Any]:
    kind = type_of(cells)
    known = cells.dropna()
    found: dict[str, Any] = {"name": name, "type": kind, "role": role, "missing": int(cells.isna().sum())}
    if not len(known):
        return found
    if kind == "number":
        return found | number_summary(known.to_numpy(np.float64))
    if kind == "time":
        return found
    counts = known.value_counts()
    # Equal counts in the order of their values, so that the same data is described in the same words.
    ordered = sorted(counts.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
    top = [{"value": str(value)[:100], "count": int(count)} for value, count in ordered[:MOST_VALUES]]
    rest = ordered[MOST_VALUES:]
    return found | {
        "values": top,
        "others": {"distinct": len(rest), "count": sum(int(count) for _, count in rest)},
    }


def _time_range(times: pd.Series | None) -> dict[str, Any] | None:
    if times is None or not len(times):
        return None
    first, last = times.min().timestamp(), times.max().timestamp()
    return {"first": iso(int(first)), "last": iso(int(last)), "days": (last - first) / DAY}


def _activity(times: pd.Series | None) -> list[dict[str, Any]] | None:
    """Rows a bucket of whole days (UTC), at most 60 buckets; ``day`` is the first of a bucket, ``days`` its width."""
    if times is None or not len(times):
        return None
    days = times.dt.as_unit("s").astype("int64").to_numpy() // DAY
    first, last = int(days.min()), int(days.max())
    width = math.ceil((last - first + 1) / MAX_TIME_BUCKETS)
    found = np.bincount((days - first) // width, minlength=(last - first) // width + 1)
    return [
        {"day": str(np.datetime64(first + bucket * width, "D")), "days": width, "count": int(count)}
        for bucket, count in enumerate(found)
    ]

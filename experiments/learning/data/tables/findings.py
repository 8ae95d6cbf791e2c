"""What a person should know about a table before training on it, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.data.findings import EMPTY_SHARE, REFUSED_SHARE, Finding, Severity
from experiments.learning.data.tables.describe import DAY, role_of, type_of
from experiments.learning.data.tables.family_findings import OF_FAMILY
from experiments.learning.data.validation import Report
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles

SMALL_TABLE = 200
SOME_MISSING_SHARE = 0.05
NAME_LIKE_SHARE = 0.5
"""A categorical feature of which more than this share of rows differ is a name, not a kind."""
NAME_LIKE_FROM = 50
TWIN_CORRELATION = 0.9999


def findings(
    frame: pd.DataFrame, roles: Roles, family: Family, report: Report | None = None, now: datetime | None = None
) -> list[dict[str, Any]]:
    """All findings, the most serious first; an empty list means that nothing stands out.

    ``now`` is the time against which future times are judged; None takes the clock.
    """
    found = list(_of_report(report)) if report is not None else []
    found += [*_size(frame), *_columns(frame, roles), *_twins(frame, roles)]
    found += [*_times(frame, roles, now or datetime.now(tz=UTC)), *OF_FAMILY[family](frame, roles)]
    order = {"serious": 0, "warning": 1, "info": 2}
    return [finding.as_dict() for finding in sorted(found, key=lambda finding: order[finding.severity])]


def _of_report(report: Report) -> Iterator[Finding]:
    if report.rows_refused:
        share = report.rows_refused / report.rows_read
        reason, count = next(iter(report.reasons.items()))
        severity: Severity = "serious" if share > 0.1 else "warning" if share > REFUSED_SHARE else "info"
        yield Finding(
            severity,
            "refused_rows",
            f"{report.rows_refused:,} of {report.rows_read:,} rows ({share:.1%}) were refused; "
            f"most often ({count:,} of them): {reason}.",
        )
    for note in report.notes:
        yield Finding("info", "note", note)


def _size(frame: pd.DataFrame) -> Iterator[Finding]:
    if len(frame) < SMALL_TABLE:
        yield Finding(
            "warning", "small", f"{len(frame):,} rows are few; metrics on a test part of them will vary by chance."
        )


def _columns(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    for name, role in role_of(roles).items():
        cells = frame[name]
        missing, distinct = float(cells.isna().mean()), int(cells.nunique())
        if distinct <= 1 and role in ("numeric", "categorical"):
            value = "nothing" if not distinct else f"{_shown(cells.dropna().iloc[0])} in every row that has a value"
            yield Finding("warning", "constant_column", f"The feature {name!r} holds {value}; it teaches nothing.")
        if missing >= SOME_MISSING_SHARE:
            severity: Severity = "warning" if missing >= EMPTY_SHARE else "info"
            yield Finding(severity, "missing_values", f"{missing:.0%} of the rows have nothing in {name!r}.")
        if role == "categorical" and len(frame) >= NAME_LIKE_FROM and distinct > NAME_LIKE_SHARE * len(frame):
            yield Finding(
                "warning",
                "name_like",
                f"{distinct:,} of {len(frame):,} rows differ in the kind {name!r}; it looks like a name and "
                "teaches nothing general.",
            )


def _twins(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    """Features that give the answer away: they move with the target exactly."""
    answer = roles.target or roles.quantity or roles.outcome
    if not answer or type_of(frame[answer]) != "number":
        return
    target = frame[answer].to_numpy(np.float64)
    for name in roles.numeric:
        if name == answer or type_of(frame[name]) != "number":
            continue
        cells = frame[name].to_numpy(np.float64)
        known = np.isfinite(cells) & np.isfinite(target)
        if known.sum() < 10 or np.ptp(cells[known]) == 0 or np.ptp(target[known]) == 0:
            continue
        if abs(float(np.corrcoef(cells[known], target[known])[0, 1])) > TWIN_CORRELATION:
            yield Finding(
                "serious",
                "leak",
                f"The feature {name!r} moves with {answer!r} exactly; if it is known only afterwards, "
                "the model learns to copy it.",
            )


def _times(frame: pd.DataFrame, roles: Roles, now: datetime) -> Iterator[Finding]:
    if not roles.time:
        return
    times = frame[roles.time].dropna()
    if not len(times):
        return
    future = float((times > pd.Timestamp(now) + pd.Timedelta(days=1)).mean())
    if future:
        yield Finding("warning", "future_times", f"{future:.1%} of the times lie in the future.")
    if (times.max() - times.min()).total_seconds() < DAY and len(times) > 1:
        yield Finding("warning", "one_day", "All rows fall within one day; a split by time says little.")


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(str(value)[:60])

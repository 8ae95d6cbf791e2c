"""What a person should know about a dataset before training on it, in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from experiments.learning.data.interactions import Interactions
from experiments.learning.data.statistics import long_tail
from experiments.learning.data.typed_features import is_list_column
from experiments.learning.data.validation import Report

Severity = Literal["info", "warning", "serious"]

FEW_INTERACTIONS = 5
FEW_USERS_SHARE = 0.2
CONCENTRATED_SHARE = 0.5
"""Half of all interactions on the most popular 5 % of items; MovieLens 100k has 27 %."""
SMALL_DATASET = 1_000
REFUSED_SHARE = 0.01
EMPTY_SHARE = 0.5
OLD_TIMES_BEFORE = datetime(1990, 1, 1, tzinfo=UTC)
DAY = 86_400


@dataclass(frozen=True)
class Finding:
    """One observation. ``code`` is stable and can be tested and filtered; ``message`` is for people."""

    severity: Severity
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"severity": self.severity, "code": self.code, "message": self.message}


def findings(
    interactions: Interactions, report: Report | None = None, now: datetime | None = None
) -> list[dict[str, Any]]:
    """All findings, the most serious first; an empty list means that nothing stands out.

    ``now`` is the time against which future times are judged; None takes the clock.
    """
    found = list(_of_report(report)) if report is not None else []
    for check in CHECKS:
        found.extend(check(interactions))
    found.extend(_times(interactions, now or datetime.now(tz=UTC)))
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
            f"most often ({count:,} times): {reason}.",
        )
    if report.rows_merged:
        exact = f" {report.exact_duplicates:,} of them repeat another row exactly." if report.exact_duplicates else ""
        yield Finding("info", "duplicates", f"{report.rows_merged:,} duplicate rows were merged.{exact} {report.rule}")
    if report.scale_inferred:
        yield Finding("info", "scale_inferred", "The rating scale was inferred from the ratings that occur.")
    for note in report.notes:
        yield Finding("info", "features_unmatched", note)
    if report.feature_rows_refused:
        yield Finding(
            "warning", "feature_rows", f"{report.feature_rows_refused:,} rows of the feature files were left out."
        )


def _size(interactions: Interactions) -> Iterator[Finding]:
    if len(interactions) < SMALL_DATASET:
        yield Finding(
            "warning",
            "small",
            f"{len(interactions):,} interactions are few; metrics on a test part of them will vary by chance.",
        )


def _light_users(interactions: Interactions) -> Iterator[Finding]:
    per_user = np.bincount(interactions.user, minlength=interactions.num_users)
    share = float((per_user < FEW_INTERACTIONS).mean())
    if share > 0:
        yield Finding(
            "warning" if share > FEW_USERS_SHARE else "info",
            "light_users",
            f"{share:.0%} of users have fewer than {FEW_INTERACTIONS} interactions; little of their taste is known.",
        )


def _constant_value(interactions: Interactions) -> Iterator[Finding]:
    if len(np.unique(interactions.value)) > 1:
        return
    value = float(interactions.value[0])
    if interactions.feedback == "explicit":
        yield Finding("serious", "constant_rating", f"Every rating is {value:g}; there is nothing to predict.")
    else:
        yield Finding(
            "info", "constant_strength", f"Every event has strength {value:g}; only the choice can be learned."
        )


def _part_users(interactions: Interactions) -> Iterator[Finding]:
    if interactions.part is None:
        return
    train, test = interactions.part == 0, interactions.part == 1
    for name, codes in (("users", interactions.user), ("items", interactions.item)):
        tested = np.unique(codes[test])
        cold = int((~np.isin(tested, codes[train])).sum())
        if cold:
            yield Finding(
                "warning",
                f"cold_test_{name}",
                f"{cold:,} of {len(tested):,} {name} of the test part have no training row.",
            )


def _concentration(interactions: Interactions) -> Iterator[Finding]:
    share = long_tail(np.bincount(interactions.item, minlength=interactions.num_items))["head"]["0.05"]
    if share > CONCENTRATED_SHARE and interactions.num_items >= 20:
        yield Finding(
            "warning",
            "concentrated",
            f"The most popular 5 % of items have {share:.0%} of all interactions; "
            "compare every model with the popularity line.",
        )


def _features(interactions: Interactions) -> Iterator[Finding]:
    for owner, frame in (("users", interactions.users), ("items", interactions.items)):
        if frame is None:
            continue
        for name in frame.columns:
            empty = _empty_share(frame[name])
            if empty >= EMPTY_SHARE:
                yield Finding(
                    "warning", "empty_feature", f"{empty:.0%} of {owner} have nothing in the feature {name!r}."
                )


def _empty_share(column: pd.Series) -> float:
    if is_list_column(column):
        return float(np.mean([len(members) == 0 for members in column]))
    return float(column.isna().mean())


def _times(interactions: Interactions, now: datetime) -> Iterator[Finding]:
    if interactions.timestamp is None:
        yield Finding(
            "info", "no_times", "There are no times, so neither a split by time nor leave-last-out is possible."
        )
        return
    first, last = int(interactions.timestamp.min()), int(interactions.timestamp.max())
    if last - first < DAY:
        yield Finding("warning", "one_day", "All interactions fall within one day; times may be those of an export.")
    future = float((interactions.timestamp > now.timestamp() + DAY).mean())
    if future > 0:
        yield Finding("warning", "future_times", f"{future:.1%} of the times lie in the future.")
    if first < OLD_TIMES_BEFORE.timestamp():
        old = float((interactions.timestamp < OLD_TIMES_BEFORE.timestamp()).mean())
        yield Finding(
            "warning",
            "old_times",
            f"{old:.1%} of the times lie before 1990; another unit or format may be the right one.",
        )


# Adding a finding is a function above and its name here.
CHECKS: tuple[Callable[[Interactions], Iterator[Finding]], ...] = (
    _size,
    _light_users,
    _constant_value,
    _part_users,
    _concentration,
    _features,
)

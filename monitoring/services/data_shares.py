"""Which shares of what came in are held against training: of tables each column, of lists users and items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.families import Family
from experiments.models import RegisteredModel
from monitoring.services.window_reads import Totals
from monitoring.stats.bins import Bins
from monitoring.stats.data_quality import Share
from monitoring.summaries import drift
from monitoring.summaries.signals import FEATURE, dense


@dataclass(frozen=True)
class Counted:
    """The stretch as the reference counts it. ``rows``: predictions that did not fail."""

    profile: dict[str, Any]
    counts: dict[str, Any]
    whole: Totals

    @property
    def rows(self) -> int:
        return int((self.counts.get(drift.ROWS) or {}).get("0", 0))

    @property
    def columns(self) -> list[str]:
        return [
            name.removeprefix(FEATURE) for name, entry in self.profile.items() if name.startswith(FEATURE) and entry
        ]


def shares(model: RegisteredModel, counted: Counted) -> Iterator[Share]:
    """What is judged: of tables each column, of lists users and items."""
    for column in counted.columns:
        yield from _of_column(column, counted)
    counts = counted.whole.counts
    if model.family == Family.RECOMMENDATION.value:
        answered = counted.whole.predictions - counted.whole.errors
        yield Share("unknown_users", "unknown_users", min(answered, counts.get("fallback", 0)), answered)
        if "new_items" in counted.profile:
            known, new, _ = dense(counted.counts.get("new_items"), 3)
            yield Share("unknown_items", "unknown_items", int(new), int(known + new))


def _of_column(column: str, counted: Counted) -> Iterator[Share]:
    signal, rows = FEATURE + column, counted.rows
    entry = counted.profile[signal]
    bins = Bins.from_json(entry["bins"])
    before = np.asarray(entry["counts"], np.int64)
    had = int(before.sum())
    now = dense(counted.counts.get(signal), len(bins))
    usual, other = dense(counted.counts.get(drift.TYPES + column), 2)
    # A text where numbers are expected has no number either, but it is not missing.
    unreadable = int(other) if bins.kind == "numeric" else 0
    # Rows of windows in which the column never came count nowhere: they are missing too.
    missing = max(0, bins.missing(now) - unreadable) + max(0, rows - int(now.sum()))
    expected = bins.missing(before) / had if had else 0.0
    yield Share(signal, "missing", min(rows, missing), rows, expected, had)
    if usual or other:
        yield Share(signal, "type_change", int(other), int(usual + other))
    present, present_before = rows - missing - unreadable, had - bins.missing(before)
    odd, odd_before = bins.unseen(now) + bins.infinite(now), bins.unseen(before) + bins.infinite(before)
    if present > 0 and bins.kind in ("numeric", "categorical"):
        statistic = "out_of_range" if bins.kind == "numeric" else "unseen"
        usually = odd_before / present_before if present_before else 0.0
        yield Share(signal, statistic, min(present, odd), present, usually, present_before)

"""Figures of several folds of one backtest: each fold beside their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.learning.metrics.result import MetricResult

LINES = ("random", "popularity", "oracle", "everything", "naive")


def fold_segment(number: int) -> str:
    """Of the n-th fold, from 1."""
    return f"fold_{number}"


def over_folds(folds: Sequence[Sequence[MetricResult]]) -> list[MetricResult]:
    """The mean over folds as "all", then each fold's figure as its own segment.

    Only figures over everything are taken; those of segments of users say little of one fold. A fold in which a metric
    is undefined has no part in its mean; reference lines are the means of the same folds.
    """
    by_key: dict[tuple[str, str], list[MetricResult | None]] = {}
    for number, metrics in enumerate(folds):
        for metric in metrics:
            if metric.segment == "all":
                by_key.setdefault((metric.protocol, metric.name), [None] * len(folds))[number] = metric
    means = [_mean([one for one in found if one is not None]) for found in by_key.values()]
    each = [
        replace(one, segment=fold_segment(number))
        for found in by_key.values()
        for number, one in enumerate(found, 1)
        if one is not None
    ]
    return means + each


def deviations(folds: Sequence[Sequence[MetricResult]]) -> dict[str, float]:
    """Sample standard deviation over folds of each metric by protocol.name; of two folds or more that have it."""
    values: dict[str, list[float]] = {}
    for metrics in folds:
        for metric in metrics:
            if metric.segment == "all" and metric.value is not None:
                values.setdefault(f"{metric.protocol}.{metric.name}", []).append(metric.value)
    return {key: float(np.std(found, ddof=1)) for key, found in values.items() if len(found) > 1}


def _mean(found: Sequence[MetricResult]) -> MetricResult:
    known = [one for one in found if one.value is not None]
    lines: dict[str, Any] = {line: _mean_of([getattr(one, line) for one in known]) for line in LINES}
    return replace(
        found[0],
        segment="all",
        value=_mean_of([one.value for one in known]),
        users_counted=sum(one.users_counted for one in found),
        users_left_out=sum(one.users_left_out for one in found),
        **lines,
    )


def _mean_of(values: Sequence[float | None]) -> float | None:
    """None where any is missing: a mean over some folds only would be held against another one over all."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None

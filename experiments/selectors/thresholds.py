"""Thresholds of a run's recipe against the run's figures."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.models import Experiment, MetricValue
from experiments.recipes.thresholds import ThresholdResult, judged


def thresholds_of(run: Experiment, values: Iterable[MetricValue] | None = None) -> list[ThresholdResult]:
    """Every threshold with its outcome; one query where ``values`` (over everything) are not given, none without a
    recipe."""
    if not run.manifest:
        return []
    rows = MetricValue.objects.filter(experiment=run, segment="all") if values is None else values
    return judged(run.manifest, {f"{row.protocol}.{row.name}": row.value for row in rows if row.segment == "all"})

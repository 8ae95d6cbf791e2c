"""Metrics that compared runs can be judged by. The judging is services/verdicts.py, as promotion needs it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.learning.comparison.estimators import estimator_for
from experiments.selectors.comparison_metrics import place_of
from experiments.services.verdicts import PER_USER, Judged, MetricChoice, evidence_of, judge, known

__all__ = ["HEADLINES", "PER_USER", "Judged", "MetricChoice", "choices_of", "evidence_of", "judge", "known"]

HEADLINES = (MetricChoice("rated", "f1_at_10"), MetricChoice("catalogue", "ndcg_at_10"))


def choices_of(values: Mapping[str, Mapping[tuple[str, str], Any]]) -> list[MetricChoice]:
    """Metrics that can be compared per user and that two runs or more have, headlines first; no query.

    Args:
        values: of each run by its key, the metrics it has by (protocol, name).
    """
    counts: dict[tuple[str, str], int] = {}
    for metrics in values.values():
        for key in metrics:
            counts[key] = counts.get(key, 0) + 1
    found = [
        MetricChoice(protocol, name)
        for (protocol, name), runs in counts.items()
        if runs > 1 and estimator_for(protocol, name) is not None
    ]
    return sorted(found, key=lambda one: (one not in HEADLINES, place_of((one.protocol, one.name))))

"""The rules that every model starts with. Their thresholds are the model's monitoring settings until somebody edits
them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.models import AlertRule, MonitoringSettings, Severity

ABOVE, BELOW, ANOMALY = AlertRule.Comparison.ABOVE, AlertRule.Comparison.BELOW, AlertRule.Comparison.ANOMALY
FOLLOWING = ("threshold", "clear_at", "minimum_sample")
"""What a seeded rule takes from the settings."""


@dataclass(frozen=True)
class Seed:
    """``follows`` gives threshold, clear_at and minimum_sample from the settings."""

    key: str
    name: str
    signal: str
    comparison: AlertRule.Comparison
    severity: Severity
    follows: Callable[[MonitoringSettings], tuple[float, float, int]]
    window_seconds: int = 3600
    for_checks: int = 2

    def terms(self, settings: MonitoringSettings) -> dict[str, Any]:
        return dict(zip(FOLLOWING, self.follows(settings), strict=True))

    def rule(self, settings: MonitoringSettings) -> AlertRule:
        """Not saved, and of no model yet."""
        return AlertRule(
            name=self.name,
            signal=self.signal,
            comparison=self.comparison,
            severity=self.severity,
            window_seconds=self.window_seconds,
            for_checks=self.for_checks,
            seeded=True,
            state={"seed": self.key},
            **self.terms(settings),
        )


SEEDS: Mapping[str, Seed] = {
    seed.key: seed
    for seed in (
        Seed(
            "performance_watch", "Performance to be watched", "quality.performance", BELOW, Severity.WARNING,
            lambda s: (s.watch_below, min(s.watch_below + 0.02, 1.0), s.minimum_labels),
        ),
        Seed(
            "performance_degraded", "Performance degraded", "quality.performance", BELOW, Severity.CRITICAL,
            lambda s: (s.degraded_below, min(s.degraded_below + 0.02, 1.0), s.minimum_labels),
        ),
        Seed(
            "cost", "Cost of errors above the limit", "cost.per_1000", ABOVE, Severity.WARNING,
            lambda s: (s.cost_limit, 0.95 * s.cost_limit, s.minimum_labels),
        ),
        Seed(
            "drift", "Data drift", "drift.score", ABOVE, Severity.WARNING,
            lambda s: (s.drift_threshold, 0.9 * s.drift_threshold, s.minimum_sample),
        ),
        Seed(
            "instability", "F1 unstable", "drift.instability", ABOVE, Severity.WARNING,
            lambda s: (s.drift_threshold, 0.9 * s.drift_threshold, 0),
        ),
        Seed("data", "Data quality", "data.worst", ABOVE, Severity.WARNING, lambda s: (1.0, 0.9, 0)),
        Seed(
            "freshness", "No recent predictions", "freshness.seconds", ABOVE, Severity.WARNING,
            lambda s: (float(s.fresh_within_seconds), float(s.fresh_within_seconds), 0),
        ),
        Seed(
            "errors", "Requests fail", "health.error_rate", ABOVE, Severity.CRITICAL, lambda s: (0.05, 0.02, 50), 900
        ),
        Seed(
            "slow", "Answers are slow", "health.p95_ms", ABOVE, Severity.WARNING, lambda s: (500.0, 400.0, 50), 900
        ),
        Seed(
            "traffic", "Unusual traffic", "series.predictions", ANOMALY, Severity.WARNING, lambda s: (6.0, 4.0, 0),
            for_checks=1,
        ),
    )
}  # fmt: skip

"""The list of signals. To add one: its line here, and where it is none of a check's, its reader in reader.py."""

from __future__ import annotations

from monitoring.alerts.readings import SignalSpec

_LISTS = "By feedback on lists of the analysis window; not enough labels is no value."

_CHECKED = (
    SignalSpec(
        "quality.performance", "Performance", "share", "below", True,
        "The headline metric of the analysis window as a share of the version's live baseline.", tab="quality",
    ),
    SignalSpec("quality.ndcg_at_10", "NDCG@10", "number", "below", True, _LISTS, tab="quality"),
    SignalSpec("quality.precision_at_10", "Precision@10", "number", "below", True, _LISTS, tab="quality"),
    SignalSpec(
        "quality.degradation", "Degradation", "share", "above", True,
        "1 − performance, of the segment that lost most.", tab="quality",
    ),
    SignalSpec(
        "cost.per_1000", "Cost per 1,000 predictions", "money", "above", True,
        "False positives and false negatives at the model's prices.", tab="cost",
    ),
    SignalSpec(
        "drift.score", "Drift score", "number", "above", True,
        "How far live traffic is from the reference, over all signals of drift.", tab="drift",
    ),
    SignalSpec(
        "drift.instability", "F1 instability", "number", "above", False,
        "Standard deviation / mean of F1 over the last windows with enough labels: performance variance.",
        tab="quality",
    ),
    SignalSpec(
        "data.worst", "Data quality", "ratio", "above", True,
        "The worst finding on what comes in, as a multiple of its threshold: from 1 on it is passed.",
        inclusive=True, tab="data",
    ),
    SignalSpec(
        "freshness.seconds", "Time since the last prediction", "seconds", "above", False,
        "How long nothing was logged, at the time of the check.", tab="data",
    ),
)  # fmt: skip

_LIVE = (
    SignalSpec(
        "health.error_rate", "Failed requests", "share", "above", True,
        "Failed / all logged requests of the rule's window.", tab="traffic",
    ),
    SignalSpec(
        "health.p95_ms", "Response time, p95", "ms", "above", True,
        "Processing time within which 95 % of the requests of the rule's window were answered.", tab="traffic",
    ),
    SignalSpec(
        "log.lag_seconds", "Log behind", "seconds", "above", False,
        "How long entries have waited to be shipped or counted, in the whole installation: other figures are that old.",
    ),
)  # fmt: skip


def _series(name: str, title: str, unit: str, worse: str, needs_sample: bool = True) -> SignalSpec:
    explain = "The newest whole window against the same hour of the days before (day of the week, for days)."
    tab = "quality" if name.endswith(("_at_10", "accuracy", "mae", "rmse")) else "traffic"
    return SignalSpec(f"series.{name}", title, unit, worse, needs_sample, explain, tab=tab)  # type: ignore[arg-type]


_SERIES = (
    _series("predictions", "Predictions", "count", "both", False),
    _series("errors", "Failed predictions", "count", "above", False),
    _series("error_rate", "Failed share", "share", "above"),
    _series("latency_p50_ms", "Response time, p50", "ms", "above"),
    _series("latency_p95_ms", "Response time, p95", "ms", "above"),
    _series("fallback_share", "Answered by the fallback", "share", "above"),
    _series("labelled_share", "With feedback", "share", "below"),
    _series("average_confidence", "Mean confidence", "share", "both"),
    _series("unique_users", "Different users", "count", "both", False),
    _series("unique_items", "Different items shown", "count", "both", False),
    _series("precision_at_10", "Precision@10", "number", "below"),
    _series("recall_at_10", "Recall@10", "number", "below"),
    _series("ndcg_at_10", "NDCG@10", "number", "below"),
    _series("f1_at_10", "F1@10", "number", "below"),
    _series("hit_rate_at_10", "Hit rate@10", "share", "below"),
    _series("accuracy", "Accuracy", "share", "below"),
    _series("mae", "Mean absolute error", "number", "above"),
    _series("rmse", "RMSE", "number", "above"),
)

SIGNALS: dict[str, SignalSpec] = {spec.name: spec for spec in (*_CHECKED, *_LIVE, *_SERIES)}

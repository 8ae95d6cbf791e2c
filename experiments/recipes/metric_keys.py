"""Which figures a run of each family has, as ``protocol.metric``; thresholds, headlines and alerts speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.learning.custom_metrics.columns import standard
from experiments.learning.families import ABOUT, Family

_LIFTS = tuple(f"{name}_at_{percent}" for name in ("lift", "uplift") for percent in (10, 20))
_OF_TABLES: Mapping[Family, tuple[str, ...]] = {
    Family.FORECASTING: ("mase", "mape", "smape", "mae", "rmse", "bias"),
    Family.PRICING: ("rmse_log", "mae", "rmse", "elasticity", "r2_log"),
    Family.NEXT_BEST_ACTION: ("log_loss", "auc", "brier", "calibration_error", *_LIFTS),
    Family.LOCATION_SCORING: ("rmse", "mae", "r2", "rank_correlation"),
}
SIGNALS: Mapping[str, str] = {
    "data_drift": "largest drift of any input, as decision D5 measures it",
    "f1_instability": "how much the headline metric varies from window to window",
    "degradation": "1 - the window's headline metric / its baseline",
    "freshness_hours": "hours since the newest data",
    "latency_p95_ms": "95th percentile of the time to answer",
    "error_rate": "share of requests that failed",
    "cost_per_1000": "expected cost of errors per 1,000 predictions",
}
"""What an alert may watch beside metrics."""


def metric_keys(family: Family, list_lengths: Sequence[int] = (10, 50, 100)) -> tuple[str, ...]:
    """Every metric over everything, headline protocol first. ``list_lengths`` are those of recommendation's lists."""
    if family is Family.RECOMMENDATION:
        of = standard(tuple(list_lengths)).metrics
        return tuple(f"{protocol}.{name}" for protocol in ("rated", "catalogue", "pointwise") for name in of[protocol])
    return tuple(f"{ABOUT[family].protocol}.{name}" for name in _OF_TABLES[family])

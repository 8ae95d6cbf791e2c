"""The headline figures of a run, each with its protocol and reference lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.metric_words import base_and_k, definition, label, units
from experiments.models import MetricValue
from mlopspro.core.geometry import NO_ROOM

WITHOUT_A_BEST = frozenset({"novelty", "diversity", "popularity_bias"})
"""More of these is not better in itself, so there is nothing to attain; the oracle's own figure is shown as it is."""

EXPLICIT = (
    ("rated", "f1_at_10"),
    ("rated", "precision_at_10"),
    ("rated", "recall_at_10"),
    ("pointwise", "rmse"),
    ("catalogue", "ndcg_at_10"),
    ("catalogue", "coverage_at_10"),
)
IMPLICIT = (
    ("catalogue", "ndcg_at_10"),
    ("catalogue", "precision_at_10"),
    ("catalogue", "recall_at_10"),
    ("catalogue", "f1_at_10"),
    ("catalogue", "hit_rate_at_10"),
    ("catalogue", "coverage_at_10"),
)

OF_TABLES = {
    "forecast": ("mase", "smape", "mae", "bias"),
    "demand": ("rmse_log", "elasticity", "mae", "r2_log"),
    "action": ("log_loss", "auc", "calibration_error", "lift_at_10", "uplift_at_10", "brier"),
    "spatial": ("rmse", "mae", "r2", "rank_correlation"),
}


@dataclass(frozen=True)
class Tile:
    """One headline metric as its page shows it."""

    metric: MetricValue

    @property
    def label(self) -> str:
        return label(self.metric.name)

    @property
    def definition(self) -> str:
        return definition(self.metric.name, self.metric.protocol)

    @property
    def unit(self) -> str:
        """What the figure counts: users, series, products …"""
        return units(self.metric.protocol)


def attained(metric: MetricValue) -> float | None:
    """(model - random) / (oracle - random): its share of what any model could reach.

    None where a figure is unknown, where chance is as good as the oracle, and for metrics that have no best value.
    """
    if metric.value is None or metric.random is None or metric.oracle is None:
        return None
    if abs(metric.oracle - metric.random) < NO_ROOM or base_and_k(metric.name)[0] in WITHOUT_A_BEST:
        return None
    return (metric.value - metric.random) / (metric.oracle - metric.random)


def headline(metrics: Iterable[MetricValue]) -> list[Tile]:
    """The headline tiles in their order; those that were not measured are left out."""
    known = {(row.protocol, row.name): row for row in metrics if row.segment == "all"}
    wanted: tuple[tuple[str, str], ...] = EXPLICIT if any(protocol == "rated" for protocol, _ in known) else IMPLICIT
    for protocol, names in OF_TABLES.items():
        if any(key[0] == protocol for key in known):
            wanted = tuple((protocol, name) for name in names)
    return [Tile(known[key]) for key in wanted if key in known]

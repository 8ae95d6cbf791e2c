"""What an evaluation returns: numbers that always carry their protocol (decision D2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

SMALLEST_RANGE = 1e-3

ProtocolName = Literal["rated", "catalogue", "pointwise", "forecast", "demand", "action", "spatial", "validation"]


@dataclass(frozen=True)
class MetricResult:
    """One metric under one protocol for one segment of users.

    ``value`` is None where it is undefined (no user counted), never NaN. ``random``, ``popularity`` and
    ``oracle`` are the reference lines on the same split and the same users; None where they make no sense
    (RMSE has no random line). ``everything`` is the reference of the rated protocol that recommends all.
    ``attained`` = (value - random) / (oracle - random).
    """

    name: str
    """Wire name, for example ``precision_at_10``, ``ndcg_at_10``, ``rmse``."""
    protocol: ProtocolName
    value: float | None
    k: int | None = None
    segment: str = "all"
    higher_is_better: bool = True
    users_counted: int = 0
    users_left_out: int = 0
    random: float | None = None
    popularity: float | None = None
    oracle: float | None = None
    everything: float | None = None
    naive: float | None = None
    """Of models on tables: what the simplest honest method reaches on the same rows (last season, the mean …)."""
    definition: str = "1"

    @property
    def attained(self) -> float | None:
        """None where chance already comes (nearly) as far as can be, as it does with coverage."""
        if self.value is None or self.random is None or self.oracle is None:
            return None
        if abs(self.oracle - self.random) < SMALLEST_RANGE:
            return None
        return (self.value - self.random) / (self.oracle - self.random)


@dataclass(frozen=True)
class Evaluation:
    """Everything one evaluation found.

    Attributes:
        metrics: all metrics, protocols and segments.
        protocols: per protocol its definition in words and numbers: relevance rule, candidates, cut,
            ks, users counted and left out.
        per_user: one row a counted user and protocol: columns user (code), protocol, segment, and one
            column a metric; what the paired bootstrap compares later. Beside them counts and ranks (``counts``) that
            custom metrics are built from. Stored as Parquet.
        confusion: item-level decisions {"rated": {tp, fp, fn, tn}, "catalogue": {...}} at k = 10.
        roc, precision_recall: thinned curves {"x": [...], "y": [...], "threshold": [...], "area": float,
            "base_rate": float} per protocol, or {} where they are undefined. A threshold is the length of every
            list (catalogue) or the cut on the prediction (rated); the first of a ROC curve is None, nothing shown.
        calibration: predicted against actual rating, for explicit data; {} otherwise.
    """

    metrics: tuple[MetricResult, ...]
    protocols: dict[str, dict[str, Any]]
    per_user: pd.DataFrame
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    roc: dict[str, dict[str, Any]] = field(default_factory=dict)
    precision_recall: dict[str, dict[str, Any]] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)

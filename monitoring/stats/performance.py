"""Is it as good as it was? A live figure as a share of its baseline, and what the share means (decision D4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Rule = Literal["ratio", "inverse", "difference", "bias"]
Verdict = Literal["ok", "watch", "act", "not_enough"]
Z = 1.959964
"""Of an interval of 95 %."""


@dataclass(frozen=True)
class Metric:
    """How a metric is held against its baseline.

    ratio: live / baseline. inverse: baseline / live, for errors. difference: 1 - (live - baseline), for errors that
    are shares and whose baseline may be next to 0. bias: 1 - |live - baseline| / RMSE of the baseline.
    """

    name: str
    title: str
    rule: Rule = "ratio"
    is_share: bool = True
    """0 to 1; otherwise in the target's unit."""

    @property
    def higher_is_better(self) -> bool:
        return self.rule == "ratio"


METRICS: Mapping[str, Metric] = {
    one.name: one
    for one in (
        Metric("ndcg_at_10", "NDCG@10"),
        Metric("precision_at_10", "Precision@10"),
        Metric("recall_at_10", "Recall@10"),
        Metric("f1_at_10", "F1@10"),
        Metric("hit_rate_at_10", "Hit rate@10"),
        Metric("accuracy", "Accuracy"),
        Metric("f1", "F1"),
        Metric("auc", "AUC"),
        Metric("confidence_auc", "AUC of confidence"),
        Metric("calibration", "Calibration error", "difference"),
        Metric("rmse", "RMSE", "inverse", is_share=False),
        Metric("mae", "MAE", "inverse", is_share=False),
        Metric("bias", "Bias", "bias", is_share=False),
    )
}


def share_of(rule: Rule, live: float, baseline: float, scale: float = math.nan) -> float | None:
    """Performance: 1 is as good as the baseline, above is better. ``scale``: RMSE of the baseline, for bias.

    A baseline of 0 has no share, unless the live figure is 0 as well, which is as good. None where there is none.
    """
    if rule == "difference":
        return 1 - (live - baseline)
    if rule == "bias":
        if live == baseline:
            return 1.0
        return 1 - abs(live - baseline) / scale if math.isfinite(scale) and scale > 0 else None
    above, below = (live, baseline) if rule == "ratio" else (baseline, live)
    if above == below:
        return 1.0
    return above / below if below else None


def share_interval(
    rule: Rule, share: float, live: tuple[float, float | None], baseline: tuple[float, float | None], scale: float = 1.0
) -> tuple[float, float] | None:
    """95 % of a share from (value, standard error) of two independent samples; None where an error is not known.

    Ratios by the delta method on their logarithm, so the ends stay above 0; differences by the sum of variances.
    """
    (x, dx), (y, dy) = live, baseline
    if dx is None or dy is None:
        return None
    if rule in ("ratio", "inverse"):
        if not x or not y or share <= 0:
            return None
        factor = math.exp(Z * math.hypot(dx / x, dy / y))
        return share / factor, share * factor
    half = Z * math.hypot(dx, dy) / (scale if rule == "bias" else 1.0)
    return share - half, share + half


def verdict_of(share: float | None, watch_below: float, degraded_below: float) -> Verdict:
    """ok from ``watch_below`` on, act below ``degraded_below``, watch between; no share is not enough data."""
    if share is None or not math.isfinite(share):
        return "not_enough"
    if share >= watch_below:
        return "ok"
    return "watch" if share >= degraded_below else "act"

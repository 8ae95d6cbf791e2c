"""From which effect on a signal has moved: defaults by kind of bins, a model's own, and those calibrated by signal.

Chosen for what they find at 5,000 predictions: a mean that moves by 0.2 standard deviations has a KS distance of 0.08
and a normalised Wasserstein distance of 0.2, but a PSI of 0.04, so PSI's usual 0.1 cannot be the one that decides. Ten
points of share moved between categories have a Jensen–Shannon distance of at least 0.085 (in bits). A tenth of traffic
on a reversed popularity moves 7 to 9 points from the head to the tail, which is its KS distance over popularity groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULTS: dict[str, dict[str, float]] = {
    "numeric": {"ks": 0.05, "wasserstein": 0.1, "psi": 0.1, "jensen_shannon": 0.1},
    "categorical": {"psi": 0.1, "jensen_shannon": 0.05},
    "popularity": {"ks": 0.04, "psi": 0.1, "jensen_shannon": 0.04},
    "share": {"difference": 0.05, "ratio": 1.5},
    "any": {"missing_share": 0.02, "infinite_share": 0.02},
}
LEAST_DIFFERENCE = 0.005
"""A ratio of shares counts only from half a point of difference on: 1 in 10⁶ may double."""
ALPHA = 0.001
"""A check each five minutes is 288 a day: of checks without drift at most one in a thousand may alarm by chance."""


@dataclass(frozen=True)
class Thresholds:
    """``own`` is {statistic: effect}, or {"kind.statistic": effect}; ``by_signal`` is {signal: {statistic: effect}}."""

    own: Mapping[str, float] = field(default_factory=dict)
    by_signal: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        known = {name for kind in DEFAULTS.values() for name in kind}
        for name, value in self.own.items():
            if name.rpartition(".")[2] not in known or (name.rpartition(".")[0] or "any") not in DEFAULTS:
                raise ValueError(f"thresholds: {', '.join(sorted(known))} are accepted, got {name!r}.")
            if not value > 0:
                raise ValueError(f"thresholds: {name} is accepted above 0, got {value!r}.")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha: between 0 and 1 is accepted, got {self.alpha!r}.")

    def of(self, signal: str, kind: str, statistic: str) -> float | None:
        """None where the statistic is shown only and decides nothing."""
        default = DEFAULTS[kind].get(statistic, DEFAULTS["any"].get(statistic))
        if default is None:
            return None
        set_here = self.own.get(f"{kind}.{statistic}", self.own.get(statistic, default))
        return max(set_here, self.by_signal.get(signal, {}).get(statistic, 0.0))

"""How a retraining goes, once it was decided: its data, its canary, and who promotes. Typed, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from retraining.records import JSON, between, from_json, to_json, with_changes
from retraining.trial import canary

Use = Literal["all", "days", "half_life"]
Metric = Literal["precision_at_10", "ndcg_at_10", "recall_at_10", "hit_rate_at_10"]


@dataclass(frozen=True)
class DataPlan:
    """What is learnt from.

    Attributes:
        use: how old rows count: all of them; those of the last ``days``; or each kept with the probability
            0.5^(age / ``half_life_days``), drawn once and for all from its user and item.
        holdout_share: of the new rows, the newest, on which the gate judges both versions.
        minimum_new: new rows below which nothing is trained.
        events_as_ratings: on data of ratings, a click or conversion counts as the lowest liked rating.
    """

    use: Use = "all"
    days: float = 90.0
    half_life_days: float = 90.0
    holdout_share: float = 0.2
    minimum_new: int = 200
    events_as_ratings: bool = False

    def __post_init__(self) -> None:
        between("data.days", self.days, 0.0, 36_600, above=True)
        between("data.half_life_days", self.half_life_days, 0.0, 36_600, above=True)
        between("data.holdout_share", self.holdout_share, 0.01, 0.9)
        between("data.minimum_new", self.minimum_new, 2, 1_000_000_000)


@dataclass(frozen=True)
class Guards:
    """What the canary may not make worse, compared with the champion over the same time.

    Attributes:
        metric: live quality of lists; of tables it is the share of right labels, or the absolute error.
        quality_drop: by which share of the champion's figure it may be worse.
        error_rise, slow_rise: by how much the share of failed answers, and of those slower than ``slow_ms``, may be
            higher (0.02 is two of a hundred).
        least_answers: of each version, before a guard-rail says anything.
    """

    metric: Metric = "precision_at_10"
    quality_drop: float = 0.10
    error_rise: float = 0.01
    slow_rise: float = 0.05
    slow_ms: float = 200.0
    least_answers: int = 100

    def __post_init__(self) -> None:
        between("guards.quality_drop", self.quality_drop, 0.0, 1.0)
        between("guards.error_rise", self.error_rise, 0.0, 1.0)
        between("guards.slow_rise", self.slow_rise, 0.0, 1.0)
        between("guards.slow_ms", self.slow_ms, 0.0, 600_000.0, above=True)
        between("guards.least_answers", self.least_answers, 30, 1_000_000_000)


@dataclass(frozen=True)
class Plan:
    """``promote``: "automatic" goes all the way; with "ask" the canary waits at its last step for a person."""

    data: DataPlan = field(default_factory=DataPlan)
    canary: canary.Plan = field(default_factory=canary.Plan)
    guards: Guards = field(default_factory=Guards)
    promote: Literal["automatic", "ask"] = "automatic"

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Plan:
        """Refused with the field, its value and what is accepted."""
        return from_json(cls, data)

    def changed(self, changes: Mapping[str, Any]) -> Plan:
        """With other values by dotted names, e.g. {"data.minimum_new": 500}."""
        return Plan.from_json(with_changes(self.to_json(), changes, "plan"))

"""How a retraining goes, once it was decided: its data, its canary, and who promotes. Typed, with the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from retraining.records import JSON, between, from_json, to_json
from retraining.trial.canary import CanaryPlan

Use = Literal["all", "days", "half_life"]


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
class Plan:
    """``promote``: "automatic" goes all the way; with "ask" the canary waits at its last step for a person."""

    data: DataPlan = field(default_factory=DataPlan)
    canary: CanaryPlan = field(default_factory=CanaryPlan)
    promote: Literal["automatic", "ask"] = "automatic"

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Plan:
        """Refused with the field, its value and what is accepted."""
        return from_json(cls, data)

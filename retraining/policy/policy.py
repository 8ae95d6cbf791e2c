"""What one team has agreed for one model: what triggers a retraining, who acts on it, and what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from retraining.policy.schedule import Weekly, zone_of
from retraining.records import JSON, between, from_json, to_json, with_changes

Mode = Literal["off", "propose", "automatic"]
Tier = Literal["immediate", "consider_soon", "monitor", "not_enough"]

HOUR = 3600.0


@dataclass(frozen=True)
class Performance:
    """The policy's own metric. ``worse`` is "above" for errors such as RMSE, where the floor is a ceiling."""

    on: bool = True
    metric: str = "f1_at_10"
    protocol: str = "rated"
    floor: float = 0.75
    worse: Literal["below", "above"] = "below"


@dataclass(frozen=True)
class Limit:
    """Fires above ``above``; at it, it does not."""

    above: float
    on: bool = True


@dataclass(frozen=True)
class Degradation:
    """1 − performance against the version's own baseline: investigated above one share, at once above the other."""

    above: float = 0.15
    immediate_above: float = 0.20
    on: bool = True


@dataclass(frozen=True)
class Slot:
    """Once a week on the wall clock of the policy's zone; ``weekday`` 0 is Monday."""

    weekday: int = 0
    hour: int = 2
    minute: int = 0
    on: bool = True


@dataclass(frozen=True)
class NewRows:
    """So many rows since the newest training data. Off until a team says how many are worth a training."""

    at_least: int = 10_000
    on: bool = False


@dataclass(frozen=True)
class NewUsers:
    """Rows of users that the live version does not know, as a share of the rows that it learnt from; fewer than
    ``at_least`` of them are never enough. Where the same users keep coming it stays quiet, however much they do."""

    above: float = 0.02
    at_least: int = 200
    on: bool = True


@dataclass(frozen=True)
class Brakes:
    """One open retraining per model and the kill switch are no settings: they always hold."""

    cool_down_hours: float = 24.0
    daily_cap: int = 2
    dry_run: bool = False


@dataclass(frozen=True)
class Policy:
    """Defaults are those of decision D6; ``new_users`` is what the drill adds to them (docs/retraining-policy.md).

    ``acts_from``: the tier from which "automatic" retrains by itself; below it, it proposes. A reading older than
    ``stale_after_hours`` is not used. ``zone`` is that of the schedule and of the day that ``daily_cap`` counts in.
    """

    mode: Mode = "propose"
    acts_from: Literal["immediate", "consider_soon"] = "consider_soon"
    performance: Performance = field(default_factory=Performance)
    drift: Limit = field(default_factory=lambda: Limit(0.30))
    instability: Limit = field(default_factory=lambda: Limit(0.30))
    degradation: Degradation = field(default_factory=Degradation)
    cost: Limit = field(default_factory=lambda: Limit(60.0))
    schedule: Slot = field(default_factory=Slot)
    new_rows: NewRows = field(default_factory=NewRows)
    new_users: NewUsers = field(default_factory=NewUsers)
    manual: bool = True
    zone: str = "UTC"
    stale_after_hours: float = 48.0
    brakes: Brakes = field(default_factory=Brakes)

    def __post_init__(self) -> None:
        if not self.performance.metric:
            raise ValueError("performance.metric: the name of a metric is accepted, got ''.")
        most = 1.0 if self.performance.worse == "below" else float("inf")
        between("performance.floor", self.performance.floor, 0.0, most, above=True)
        between("drift.above", self.drift.above, 0.0, 1.0)
        between("instability.above", self.instability.above, 0.0)
        between("degradation.above", self.degradation.above, 0.0, 1.0)
        between("degradation.immediate_above", self.degradation.immediate_above, self.degradation.above, 1.0)
        between("cost.above", self.cost.above, 0.0)
        between("new_rows.at_least", self.new_rows.at_least, 1)
        between("new_users.above", self.new_users.above, 0.0, 1.0)
        between("new_users.at_least", self.new_users.at_least, 1)
        between("stale_after_hours", self.stale_after_hours, 0.0, above=True)
        between("brakes.cool_down_hours", self.brakes.cool_down_hours, 0.0, 24 * 366)
        between("brakes.daily_cap", self.brakes.daily_cap, 1, 1000)
        zone_of(self.zone)
        _ = self.weekly

    @property
    def weekly(self) -> Weekly:
        return Weekly(self.schedule.weekday, self.schedule.hour, self.schedule.minute, self.zone)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Policy:
        """Refused with the field, its value and what is accepted."""
        return from_json(cls, data)

    def changed(self, changes: Mapping[str, Any]) -> Policy:
        """With other values by dotted names, e.g. {"drift.above": 0.4, "mode": "off"}."""
        return Policy.from_json(with_changes(self.to_json(), changes, "policy"))

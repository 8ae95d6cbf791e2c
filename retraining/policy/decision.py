"""What a policy answers: one record that says what was seen, what fired, what was wanted and what held it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retraining.policy.policy import Tier
from retraining.records import JSON, from_json, to_json

Action = Literal["none", "propose", "retrain"]
Trigger = Literal[
    "performance", "degradation", "drift", "instability", "cost", "schedule", "new_rows", "new_users", "manual"
]  # fmt: skip
State = Literal["fired", "quiet", "not_enough", "off", "does_not_apply"]
Brake = Literal["kill_switch", "open_retraining", "cool_down", "daily_cap", "dry_run"]

ACTIONS: tuple[Action, ...] = ("none", "propose", "retrain")
"""In order of how much they do."""


@dataclass(frozen=True)
class Judged:
    """One trigger. ``tier`` is what it raises the decision to, None where it raises nothing (schedule, rows, by hand).

    ``threshold`` in the unit of ``value``; ``sample`` of what is counted, of which ``minimum`` are needed.
    """

    trigger: Trigger
    state: State
    tier: Tier | None = None
    value: float | None = None
    threshold: float | None = None
    sample: int | None = None
    minimum: int | None = None
    at: datetime | None = None
    sentence: str = ""


@dataclass(frozen=True)
class Held:
    """A brake that is on. ``until`` is None where nobody can know: it ends when somebody, or a training, ends it."""

    brake: Brake
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """``wanted`` is what the policy would do without brakes, ``action`` what is done; ``held`` lies between the two.

    ``slot`` is the scheduled moment that this decision deals with (a dry run deals with it too); the next ``Inputs``
    say so in ``schedule_since``. A slot that a brake holds back stays due.
    """

    at: datetime
    tier: Tier
    triggers: tuple[Judged, ...]
    reasons: tuple[str, ...]
    wanted: Action
    action: Action
    held: tuple[Held, ...] = ()
    slot: datetime | None = None

    @property
    def fired(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.triggers if one.state == "fired")

    @property
    def until(self) -> datetime | None:
        """When all brakes that held will be off; None where none held or one has no known end."""
        ends = [one.until for one in self.held]
        return max((end for end in ends if end), default=None) if all(ends) else None

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Decision:
        return from_json(cls, data)

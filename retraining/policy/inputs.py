"""Everything a decision looks at. What is not in here has no say in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from retraining.records import JSON, between, from_json, to_json, utc


@dataclass(frozen=True)
class Reading:
    """A signal as it was last measured: ``value`` over ``sample`` of what is counted, of which ``minimum`` are needed.

    ``sentence`` says where it comes from, e.g. "judged lists of the last 24 hours".
    """

    value: float | None
    sample: int
    minimum: int
    at: datetime
    sentence: str = ""

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value: a finite number or none is accepted, got {self.value!r}.")
        between("sample", self.sample, 0)
        between("minimum", self.minimum, 0)
        object.__setattr__(self, "at", utc(self.at, "at"))

    def usable(self, now: datetime, stale_after_hours: float) -> bool:
        return (
            self.value is not None
            and self.sample >= self.minimum
            and now - self.at <= timedelta(hours=stale_after_hours)
        )


@dataclass(frozen=True)
class Open:
    """A retraining that has not ended: a proposal that waits for a person, or one under way."""

    since: datetime
    waiting: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "since", utc(self.since, "since"))


@dataclass(frozen=True)
class Inputs:
    """A reading that is None does not apply to this model; one without a value could not be measured.

    ``degradation`` is 1 − performance against the baseline, ``cost`` dollars a 1,000 predictions. ``schedule_since``:
    after which moment slots count: the last one dealt with, or when the policy was switched on; None counts none.
    ``last_retraining`` is when the last one ended, whether it succeeded or not. ``retrainings_today`` counts those
    begun since the policy's midnight. ``by_hand``: a person asks for a retraining. ``new_user_rows``: those of the new
    rows that are of users the live version does not know; ``learnt_rows``: how many it learnt from.
    """

    now: datetime
    performance: Reading | None = None
    drift: Reading | None = None
    instability: Reading | None = None
    degradation: Reading | None = None
    cost: Reading | None = None
    new_rows: int | None = None
    new_user_rows: int | None = None
    learnt_rows: int | None = None
    schedule_since: datetime | None = None
    last_retraining: datetime | None = None
    open: Open | None = None
    retrainings_today: int = 0
    kill_switch: bool = False
    by_hand: bool = False

    def __post_init__(self) -> None:
        for name in ("now", "schedule_since", "last_retraining"):
            if (moment := getattr(self, name)) is not None:
                object.__setattr__(self, name, utc(moment, name))
        between("retrainings_today", self.retrainings_today, 0)
        for name in ("new_rows", "new_user_rows", "learnt_rows"):
            if (rows := getattr(self, name)) is not None:
                between(name, rows, 0)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def from_json(cls, data: JSON) -> Inputs:
        return from_json(cls, data)
